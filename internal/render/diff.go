package render

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/metagraph/metagraph/internal/diff"
)

// Brief is the one-line format of diff.
const Brief Format = "brief"

// DiffFormats are the formats that Diff prints, and HTML, which package page writes.
var DiffFormats = []Format{Table, Markdown, JSON, Brief, HTML}

// DiffOptions configures how a comparison is printed. The zero value is a table without color.
type DiffOptions struct {
	Format Format // Table, Markdown, JSON or Brief; "" is Table
	Stat   bool   // one line for each part that differs, in Table and Markdown
	All    bool   // list everything, without limits
	Color  bool
	Width  int    // columns of the terminal, 0 for no limit
	More   string // the last line of a shortened table: how to see the rest
}

// Diff prints a comparison. If there are no differences, all formats except JSON print nothing.
func Diff(w io.Writer, r *diff.Report, o DiffOptions) error {
	out := newPrinter(w)
	switch {
	case o.Format == JSON:
		if err := diffJSON(out, r); err != nil {
			return err
		}
	case r.Equal:
	case o.Format == Brief:
		out.write(diffBrief(r) + "\n")
	case o.Format == Markdown:
		diffMarkdown(out, r, o)
	case o.Format == Table || o.Format == "":
		if o.Stat {
			diffStat(out, r, style{color: o.Color})
		} else {
			diffText(out, r, o)
		}
	default:
		return fmt.Errorf("unknown format %q", o.Format)
	}
	return out.flush()
}

// diffJSON writes the report as one object, with each part and each change on its own line.
func diffJSON(w *printer, r *diff.Report) error {
	inPart := encoder{w: w}
	inPart.field = func(v reflect.Value) error { return inPart.member(v.Interface()) }
	e := encoder{w: w}
	e.field = func(v reflect.Value) error {
		if v.Type() == reflect.TypeFor[*diff.Part]() {
			return inPart.object(v.Elem(), "", "")
		}
		return e.value(v)
	}
	if err := e.object(reflect.ValueOf(r).Elem(), "\n  ", "\n"); err != nil {
		return err
	}
	w.write("\n")
	return w.err
}

// partTitle returns the name of a part for people.
func partTitle(name string) string {
	switch name {
	case diff.IO:
		return "inputs and outputs"
	case diff.Ops:
		return "op list"
	case diff.ObjectGraph:
		return "object graph"
	case diff.DebugInfo:
		return "debug info"
	case diff.Unknown:
		return "unknown fields"
	}
	return name
}

// partCounts returns the numbers of differences in a part: "2 added, 1 removed".
func partCounts(p *diff.Part) string {
	var out []string
	add := func(n int, what string) {
		if n > 0 {
			out = append(out, numberText(n)+" "+what)
		}
	}
	add(len(p.Added), "added")
	add(len(p.Removed), "removed")
	add(p.RenamedNodes(), "renamed")
	add(len(p.Changed), "changed")
	add(len(p.Moved), "moved")
	switch n := len(p.Fields); {
	case n == 1:
		out = append(out, "1 field changed")
	case n > 1:
		out = append(out, numberText(n)+" fields changed")
	}
	return strings.Join(out, ", ")
}

// differing returns the parts with differences, in order.
func differing(r *diff.Report) []namedPart {
	var out []namedPart
	for name, p := range r.Parts() {
		if !p.Empty() {
			out = append(out, namedPart{name, p})
		}
	}
	return out
}

type namedPart struct {
	name string
	part *diff.Part
}

// diffBrief returns a comparison in one line.
func diffBrief(r *diff.Report) string {
	parts := formsOf(differing(r), func(p *namedPart) string { return partTitle(p.name) + ": " + partCounts(p.part) })
	return sideName(r.A, "A") + " and " + sideName(r.B, "B") + " differ: " + strings.Join(parts, "; ")
}

// diffSummary returns the parts that differ, with the numbers of their differences.
func diffSummary(r *diff.Report) string {
	return strings.Join(formsOf(differing(r), func(p *namedPart) string { return partTitle(p.name) + " (" + partCounts(p.part) + ")" }), ", ")
}

// sideName returns the name of a side: its label, or else its file.
func sideName(s diff.Side, otherwise string) string {
	switch {
	case s.Label != "":
		return Text(s.Label)
	case s.File != "":
		return Text(s.File)
	}
	return otherwise
}

// diffStat prints one line for each part.
func diffStat(w *printer, r *diff.Report, st style) {
	parts := differing(r)
	title, sizes := 0, make([]string, len(parts))
	size := 0
	for i, p := range parts {
		sizes[i] = numberText(p.part.A)
		if p.part.A != p.part.B {
			sizes[i] += " -> " + numberText(p.part.B)
		}
		title, size = max(title, len(partTitle(p.name))), max(size, len(sizes[i]))
	}
	for i, p := range parts {
		w.write(st.title(pad(partTitle(p.name), title, false)) + gap + pad(sizes[i], size, true) + gap + partCounts(p.part) + "\n")
	}
}
