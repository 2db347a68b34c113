package render

import "iter"

// Watched returns the view and a function. After the view was printed in any format, the function reports whether the view had content: a
// row of a table, a value or an element.
func (v View) Watched() (View, func() bool) {
	found := false
	tables := make([]grid, len(v.Tables))
	for i, t := range v.Tables {
		found = found || len(t.rows) > 0
		if t.stream != nil {
			t.stream = watched(t.stream, &found)
		}
		tables[i] = t
	}
	fields := make([]member, len(v.fields))
	for i, m := range v.fields {
		if elements, ok := m.value.(elementSeq); ok {
			m.value = elementSeq(watched(iter.Seq2[any, error](elements), &found))
		}
		fields[i] = m
	}
	v.Tables, v.fields = tables, fields
	if v.Values != nil {
		v.Values = watched(v.Values, &found)
	}
	return v, func() bool { return found }
}

// watched returns seq, and sets found when seq yields an element.
func watched[T any](seq iter.Seq2[T, error], found *bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seq(func(value T, err error) bool {
			*found = *found || err == nil
			return yield(value, err)
		})
	}
}
