package render

import "sync/atomic"

// Watched returns the view and a function. After the view was printed in any format, the function reports whether the view had content: a
// row of a table, a value or an element.
func (v View) Watched() (View, func() bool) {
	if later := v.later; later != nil {
		some := func() bool { return false }
		v.later = func() (made View, err error) {
			if made, err = later(); err == nil {
				made, some = made.Watched()
			}
			return made, err
		}
		return v, func() bool { return some() }
	}
	var found atomic.Bool
	tables := make([]grid, len(v.Tables))
	for i, t := range v.Tables {
		if len(t.rows) > 0 {
			found.Store(true)
		}
		if t.stream != nil {
			t.stream = watched(t.stream, &found)
		}
		tables[i] = t
	}
	fields := make([]member, len(v.fields))
	for i, m := range v.fields {
		if elements, ok := m.value.(parts[any]); ok {
			m.value = watched(elements, &found)
		}
		fields[i] = m
	}
	v.Tables, v.fields = tables, fields
	if v.Values != nil {
		v.Values = watched(v.Values, &found)
	}
	return v, found.Load
}

// watched returns seq, and sets found when seq yields an element.
func watched[T any](seq parts[T], found *atomic.Bool) parts[T] {
	return mapParts(seq, func() func(T) T {
		return func(value T) T {
			if !found.Load() {
				found.Store(true)
			}
			return value
		}
	})
}
