package render

// A style highlights parts of a table. The zero value is plain text.
type style struct {
	color bool
}

// title highlights the title of a table.
func (s style) title(text string) string { return s.sgr("1", text) }

// head highlights the heading of a column.
func (s style) head(text string) string { return s.sgr("2", text) }

// note dims a note about a table.
func (s style) note(text string) string { return s.sgr("2", text) }

// sgr wraps text in an attribute code of the terminal (ECMA-48, Select Graphic Rendition).
func (s style) sgr(code, text string) string {
	if !s.color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
