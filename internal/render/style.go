package render

// A style is how parts of a table are set off from each other. The zero value is plain text.
type style struct {
	color bool
}

func newStyle(color bool) style { return style{color: color} }

// title sets off the title of a table.
func (s style) title(text string) string { return s.sgr("1", text) }

// head sets off the heading of a column.
func (s style) head(text string) string { return s.sgr("2", text) }

// note sets off what is said about a table.
func (s style) note(text string) string { return s.sgr("2", text) }

// sgr wraps text in the terminal's attribute code (ECMA-48, Select Graphic Rendition).
func (s style) sgr(code, text string) string {
	if !s.color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
