package render

import (
	"fmt"
	"io"
	"strings"
)

// A Notice is what a command tells a person on stderr: the main fact first, and then details, warnings and hints, each of which begins a
// line.
type Notice struct {
	Fact     string
	Details  []string
	Warnings []string
	Hints    []string
}

// NoticeOptions says how a Notice is printed. The zero value is plain text in lines of any length.
type NoticeOptions struct {
	Width int  // columns of the terminal, to which lines are wrapped; 0 if there is none
	Color bool // whether labels may be in color
}

// The attribute codes of labels (ECMA-48, Select Graphic Rendition).
const (
	errorCode   = "1;31" // bold red
	warningCode = "1;33" // bold yellow
	hintCode    = "1;36" // bold cyan
	dimCode     = "2"
)

// PrintNotice prints a notice about subject, the name of a file. The whole notice is one write.
func PrintNotice(w io.Writer, subject string, n Notice, o NoticeOptions) error {
	var b strings.Builder
	o.line(&b, "", subject+": "+n.Fact, "")
	for _, detail := range n.Details {
		o.line(&b, gap, detail, "")
	}
	for _, warning := range n.Warnings {
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

// PrintWarning prints a line that begins with "warning: ".
func PrintWarning(w io.Writer, text string, o NoticeOptions) error {
	var b strings.Builder
	o.line(&b, "warning: ", text, warningCode)
	_, err := io.WriteString(w, b.String())
	return err
}

// PrintError prints an error message of the program called name, and a hint that may be empty.
func PrintError(w io.Writer, name, message, hint string, o NoticeOptions) error {
	var b strings.Builder
	o.line(&b, name+": ", message, errorCode)
	if hint != "" {
		o.line(&b, "hint: ", hint, hintCode)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// line appends a label and a text as one line, or as several where the terminal is too narrow.
func (o NoticeOptions) line(b *strings.Builder, label, text, code string) {
	text = Message(text)
	lines := []string{text}
	if room := o.Width - len(label); o.Width > 0 && room >= narrowest {
		lines = WrapWords(text, room)
	}
	style := style{color: o.Color && code != ""}
	b.WriteString(style.sgr(code, strings.TrimRight(label, " ")))
	b.WriteString(label[len(strings.TrimRight(label, " ")):])
	for i, line := range lines {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", max(len(gap), min(len(label), 2*len(gap)))))
		}
		b.WriteString(line + "\n")
	}
}

// A Report says what a rewriting command did, or would do. Its JSON is that of its struct.
type Report interface {
	Notice() Notice
}

// A Written is what a rewriting command wrote, or would write.
type Written struct {
	File string `json:"file"` // the name of the output, or of the input if nothing is to be written
	Kind string `json:"kind"` // TensorFlow's name of the message: "MetaGraphDef", "SavedModel", "GraphDef"
}

// ReportJSON writes a report as one line of JSON, with what was written before the report's own fields.
func ReportJSON(w io.Writer, written Written, r Report) error {
	p := newPrinter(w)
	if err := jsonLine(p, written, r); err != nil {
		return err
	}
	return p.flush()
}

// An errorReport is an error in JSON.
type errorReport struct {
	Error string `json:"error"`
	Hint  string `json:"hint"`
	File  string `json:"file"`
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
func Count(n int, noun string) string { return count(n, noun) }

// count returns "1 node", "2 nodes", "3,000 entries".
func count(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "y"):
		noun = strings.TrimSuffix(noun, "y") + "ies"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%s %s", numberText(int64(n)), noun)
}
