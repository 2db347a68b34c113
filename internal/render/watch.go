package render

import "iter"

// Watched returns the view and a function. After the view was printed in any format, the function reports whether the view had content: a
// row of a table, a value or an element.
func (v View) Watched() (View, func() bool) {
	found := false
	tables := make([]Grid, len(v.Tables))
	for i, t := range v.Tables {
		found = found || len(t.Rows) > 0
		if t.Stream != nil {
			t.Stream = watched(t.Stream, &found)
		}
		tables[i] = t
	}
	fields := make([]Member, len(v.Fields))
	for i, m := range v.Fields {
		if elements, ok := m.Value.(Elements); ok {
			m.Value = Elements(watched(iter.Seq2[any, error](elements), &found))
		}
		fields[i] = m
	}
	v.Tables, v.Fields = tables, fields
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
