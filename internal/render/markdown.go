package render

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// showMarkdown prints a view as a heading and a table for each of its tables.
func showMarkdown(w *printer, v View) error {
	w.write("## " + v.section + "\n")
	for i := range v.Tables {
		t := &v.Tables[i]
		if t.title != "" && len(v.Tables) > 1 {
			w.write("\n### " + markdownText(Text(t.title)) + "\n")
		}
		before := w.written
		if err := writeMarkdown(w, t); err != nil {
			return err
		}
		if note := t.caption(w.written > before); note != "" {
			w.write("\n" + markdownText(Text(note)) + "\n")
		}
	}
	return nil
}

// writeMarkdown prints one table, or nothing if it has no rows. It aligns the columns only if all rows are in memory. A browser shows
// both forms alike.
func writeMarkdown(w *printer, t *grid) error {
	widths := make([]int, len(t.columns))
	if t.stream == nil {
		for i, c := range t.columns {
			widths[i] = displayWidth(c.name)
			for _, row := range t.rows {
				if i < len(row) {
					widths[i] = max(widths[i], displayWidth(markdownCell(Text(row[i]))))
				}
			}
		}
	}
	first, rows := t.begin()
	if len(first) > 0 {
		w.write("\n")
		markdownHead(w, t.columns, widths)
	}
	return writeParts(w, rows, func(w *printer) func([]string) error {
		return func(row []string) error {
			for i, c := range t.columns {
				text := ""
				if i < len(row) {
					text = markdownCell(Text(row[i]))
				}
				w.write("| ", pad(text, widths[i], c.right), " ")
			}
			w.write("|\n")
			return w.err
		}
	})
}

func markdownHead(w *printer, columns []column, widths []int) {
	for i, c := range columns {
		w.write("| " + pad(c.name, widths[i], c.right) + " ")
	}
	w.write("|\n")
	for i, c := range columns {
		dashes := strings.Repeat("-", max(widths[i], 3))
		if c.right {
			dashes = dashes[1:] + ":"
		}
		w.write("| " + dashes + " ")
	}
	w.write("|\n")
}

// linking matches text that GitHub and other sites turn into a link, a mention or an image: @name, #12, GH-12, URLs and :emoji:.
var linking = regexp.MustCompile(`@\w|#\d|\bGH-\d|://|\b[Ww][Ww][Ww]\.|\bmailto:|:[a-z0-9_+-]+:`)

// links reports whether a markdown viewer could turn text into a link, a mention or an image.
func links(s string) bool {
	// Most names have none of the characters that linking needs.
	return strings.ContainsAny(s, "@#:.-") && linking.MatchString(s) || hasCommit(s)
}

// hasCommit reports whether a word of s may be a commit hash.
func hasCommit(s string) bool {
	const letters, digits = "abcdef", "0123456789"
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r != '_' && (r >= utf8.RuneSelf || !wordByte(byte(r))) }) {
		if len(word) >= 7 && len(word) <= 40 && strings.Trim(word, letters+digits) == "" && strings.ContainsAny(word, letters) && strings.ContainsAny(word, digits) {
			return true
		}
	}
	return false
}

// markdownCell is markdownText for a table cell, where a | ends even a code span.
func markdownCell(s string) string {
	if links(s) {
		return strings.ReplaceAll(markdownCode(s), "|", "\\|")
	}
	return escapeMarkdown(s)
}

// markdownText escapes the markup characters of markdown. Text that could become a link or a mention becomes a code span, since a name
// from a file must not notify anyone. It leaves underscores inside words unchanged: they are not markup.
func markdownText(s string) string {
	if links(s) {
		return markdownCode(s)
	}
	return escapeMarkdown(s)
}

func escapeMarkdown(s string) string {
	const markup = "|\\`*_<[&"
	if !strings.ContainsAny(s, markup) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		inside := s[i] == '_' && i > 0 && i+1 < len(s) && wordByte(s[i-1]) && wordByte(s[i+1])
		if strings.IndexByte(markup, s[i]) >= 0 && !inside {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// wordByte reports whether c can be part of a word.
func wordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}

// pad appends spaces to s up to width columns.
func pad(s string, width int, right bool) string {
	gap := width - displayWidth(s)
	if gap <= 0 {
		return s
	}
	if right {
		return strings.Repeat(" ", gap) + s
	}
	return s + strings.Repeat(" ", gap)
}
