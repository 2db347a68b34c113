package render

import (
	"fmt"
	"io"
	"strings"
)

// A Notice is the report of a command on stderr: the main fact, then details, warnings and hints. Each starts a new line.
type Notice struct {
	fact     string
	details  remarks
	warnings remarks
	Hints    []string
}

// remarks are lines of a report.
type remarks []string

// add adds a remark.
func (r *remarks) add(format string, args ...any) { *r = append(*r, fmt.Sprintf(format, args...)) }

// count adds a remark with a number of items, unless there are none. %s in format stands for the number and the noun.
func (r *remarks) count(format string, n int, noun string) {
	if n > 0 {
		r.add(format, Count(n, noun))
	}
}

// countList adds a remark with a number of items and the first of their names, unless there are none. The two %s in format stand for these.
func (r *remarks) countList(format string, names []string, most int, noun string) {
	if n := len(names); n > 0 {
		r.add(format, Count(n, noun), listText(names, most))
	}
}

// list adds a remark with the first names of a list, at most most of them, unless the list is empty. %s in format stands for the names.
func (r *remarks) list(format string, names []string, most int) {
	if len(names) > 0 {
		r.add(format, listText(names, most))
	}
}

// listText returns the first names of a list, at most most of them, and the number of the others.
func listText(names []string, most int) string { return strings.Join(atMost(texts(names), most), ", ") }

// NoticeOptions configures how a Notice is printed. The zero value is plain text without line wrapping.
type NoticeOptions struct {
	Width int  // columns of the terminal, for wrapping; 0 for no wrapping
	Color bool // print labels in color
}

// The attribute codes of labels (ECMA-48, Select Graphic Rendition).
const (
	errorCode   = "1;31" // bold red
	warningCode = "1;33" // bold yellow
	hintCode    = "1;36" // bold cyan
	dimCode     = "2"
)

// PrintNotice prints a notice about subject, the name of a file, with a single call of w.Write.
func PrintNotice(w io.Writer, subject string, n Notice, o NoticeOptions) error {
	var b strings.Builder
	o.line(&b, "", subject+": "+n.fact, "")
	for _, detail := range n.details {
		o.line(&b, gap, detail, "")
	}
	for _, warning := range n.warnings {
		o.line(&b, "warning: ", warning, warningCode)
	}
	for _, hint := range n.Hints {
		o.line(&b, "hint: ", hint, hintCode)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// PrintNote prints a line that begins with "note: ".
func PrintNote(w io.Writer, text string, o NoticeOptions) error {
	var b strings.Builder
	o.line(&b, "note: ", text, dimCode)
	_, err := io.WriteString(w, b.String())
	return err
}

// PrintError prints an error message after the name of the program, and a hint unless it is empty.
func PrintError(w io.Writer, name, message, hint string, o NoticeOptions) error {
	var b strings.Builder
	o.line(&b, name+": ", message, errorCode)
	if hint != "" {
		o.line(&b, "hint: ", hint, hintCode)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// line appends a label and a text. It wraps the text if the terminal is too narrow.
func (o NoticeOptions) line(b *strings.Builder, label, text, code string) {
	text = Message(text)
	lines := []string{text}
	indent := len(gap)
	if label != "" {
		indent += len(gap)
	}
	if room := o.Width - max(len(label), indent); o.Width > 0 && room >= narrowest {
		lines = WrapWords(text, room)
	}
	style := style{color: o.Color && code != ""}
	b.WriteString(style.sgr(code, strings.TrimRight(label, " ")))
	b.WriteString(label[len(strings.TrimRight(label, " ")):])
	for i, line := range lines {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(line + "\n")
	}
}

// A Report is the report of a rewriting command. Its JSON form is the JSON of its struct.
type Report interface {
	Notice() Notice
}

// A Written identifies the output of a rewriting command.
type Written struct {
	File string  `json:"file"`           // name of the output, or of the input if nothing is written
	Kind string  `json:"kind"`           // TensorFlow's name of the message: "MetaGraphDef", "SavedModel", "GraphDef"
	Tags *string `json:"tags,omitempty"` // the comma-separated tag-set that the report is about, if there are several reports
}

// ReportJSON writes a report as one line of JSON. The fields of written come before those of the report.
func ReportJSON(w io.Writer, written Written, r Report) error {
	p := newPrinter(w)
	if err := jsonLine(p, written, r); err != nil {
		return err
	}
	return p.flush()
}

// An errorReport is an error in JSON.
type errorReport struct {
	Error string `json:"error"` // the message
	Hint  string `json:"hint"`  // how to fix it; may be empty
	File  string `json:"file"`  // the file of the error; may be empty
}

// ErrorJSON writes an error as one line of JSON: the message, a hint and the file that it is about, each of which may be empty.
func ErrorJSON(w io.Writer, message, hint, file string) error {
	p := newPrinter(w)
	if err := jsonLine(p, errorReport{message, hint, file}); err != nil {
		return err
	}
	return p.flush()
}

// Count returns "1 node", "2 nodes", "3,000 entries".
func Count(n int, noun string) string {
	if n != 1 {
		noun = plural(noun)
	}
	return numberText(n) + " " + noun
}

// plural returns the plural of a regular noun.
func plural(noun string) string {
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return stem + "ies"
	}
	return noun + "s"
}
