package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/metagraph/metagraph/internal/diff"
)

// A phrasing formats names and values of a comparison within a sentence.
type phrasing struct {
	code     func(string) string // formats a name or value from a file
	arrow    string
	none     string // text for an absent value
	width    int    // approximate maximum width of a value
	controls int    // approximate maximum width of a list of control inputs
}

const (
	// valueWidth is the approximate maximum width of a value, unless everything is listed.
	valueWidth = 44
	// controlsWidth is the same for a list of control inputs, two of which may be on a line.
	controlsWidth = 36
)

// plainPhrasing returns the phrasing for a terminal.
func plainPhrasing() phrasing {
	return phrasing{code: Text, arrow: " -> ", none: "(none)", width: valueWidth, controls: controlsWidth}
}

// markdownPhrasing returns the phrasing for markdown.
func markdownPhrasing() phrasing {
	return phrasing{code: markdownCode, arrow: " → ", none: "(none)", width: valueWidth, controls: controlsWidth}
}

// complete returns the phrasing without limits on values.
func (v phrasing) complete() phrasing {
	v.width, v.controls = unlimited, unlimited
	return v
}

// markdownCode returns a code span that shows its text unchanged.
func markdownCode(s string) string {
	s = Text(s)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

// fieldName returns the name of a field for a sentence.
func (v phrasing) fieldName(field string) string {
	if n, ok := strings.CutPrefix(field, "input:"); ok {
		return "input " + n
	}
	if name, ok := strings.CutPrefix(field, "attr:"); ok {
		return "attr " + v.code(name)
	}
	switch field {
	case "control_inputs":
		return "control inputs"
	case "op", "device", "inputs", "value", "kind", "position":
		return field
	}
	return v.code(field)
}

// field returns a phrase for a field that differs: `device /gpu:0 -> (none)`.
func (v phrasing) field(f diff.Field) string {
	if f.Field == "control_inputs" {
		return v.fieldName(f.Field) + v.controlsText(f)
	}
	a, b := shortenPair(f.A, f.B, v.width)
	text := v.fieldName(f.Field) + " " + v.value(a) + v.arrow + v.value(b)
	if f.Tensor == nil || f.Tensor.Values == 1 {
		return text
	}
	// Both texts are the same unless the values are listed in them.
	if f.A != nil && f.B != nil && *f.A == *f.B {
		text = v.fieldName(f.Field) + " " + v.value(a)
	}
	return text + ": " + tensorDifference(f.Tensor, v)
}

// fields returns a phrase for the fields of one item that differ, at most most of them, and the number of the others.
func (v phrasing) fields(fields []diff.Field, most int) string {
	out := formsOf(firstOf(fields, most), func(f *diff.Field) string { return v.field(*f) })
	if rest := len(fields) - most; rest > 0 {
		out = append(out, Count(rest, "more field"))
	}
	return strings.Join(out, "; ")
}

func (v phrasing) value(s *string) string {
	if s == nil {
		return v.none
	}
	return v.code(*s)
}

// controlsText returns a phrase for the control inputs that were removed and added.
func (v phrasing) controlsText(f diff.Field) string {
	a, b := shortenPair(f.A, f.B, v.controls)
	text := ""
	if a != nil {
		text += " without " + v.code(*a)
	}
	if b != nil {
		text += " with " + v.code(*b)
	}
	return text
}

// tensorDifference returns a phrase for the difference of two tensors.
func tensorDifference(t *diff.Tensor, v phrasing) string {
	text := fmt.Sprintf("%s of %s values differ", numberText(t.Differ), numberText(t.Values))
	if t.Largest != nil && *t.Largest > 0 { // the difference of 0 and -0 is 0
		text += ", by up to " + strconv.FormatFloat(*t.Largest, 'g', 6, 64)
	}
	a, b := shortenPair(&t.FirstA, &t.FirstB, v.width)
	if t.Differ > 0 && t.FirstA+t.FirstB != "" {
		text += "; first at " + place(t.FirstIndex, t.Shape) + " " + v.code(*a) + v.arrow + v.code(*b)
	}
	return text
}

// place returns the indices of a value from its row-major index.
func place(index int64, shape []int64) string {
	out := make([]string, len(shape))
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] <= 0 {
			return "[" + strconv.FormatInt(index, 10) + "]"
		}
		out[i] = strconv.FormatInt(index%shape[i], 10)
		index /= shape[i]
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// shortenPair cuts two values to about width characters. Both keep the position where they start to differ.
func shortenPair(a, b *string, width int) (*string, *string) {
	same := 0
	if a != nil && b != nil {
		for same < min(len(*a), len(*b)) && (*a)[same] == (*b)[same] {
			same++
		}
	}
	cut := func(s *string) *string {
		if s == nil || len(*s) <= width {
			return s
		}
		text := *s
		if from := same - width/3; from > 0 && same > width/2 {
			for from < len(text) && !utf8.RuneStart(text[from]) {
				from++
			}
			text = "…" + text[from:]
		}
		if len(text) > width {
			to := width
			for !utf8.RuneStart(text[to]) {
				to--
			}
			text = text[:to] + "…"
		}
		return &text
	}
	return cut(a), cut(b)
}

// names joins the first names, as many as fit, and adds the number of the others.
func (v phrasing) names(all []string, most int) string {
	const width = 64
	var b strings.Builder
	for i, name := range all {
		if i == most || i > 0 && b.Len()+len(name) > width {
			b.WriteString(", …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(v.code(name))
	}
	return b.String()
}

// scope returns a phrase for a renamed scope.
func (v phrasing) scope(s diff.Scope, noun string) string {
	nodes := Count(s.Nodes, noun)
	if s.Of > s.Nodes {
		nodes = numberText(s.Nodes) + " of " + Count(s.Of, noun)
	}
	switch {
	case s.Name == "":
		return "everything is now in " + v.code(s.NewName) + " (" + nodes + ")"
	case s.NewName == "":
		return "scope " + v.code(s.Name) + " is now the top level (" + nodes + ")"
	}
	return "scope " + v.code(s.Name) + " is now " + v.code(s.NewName) + " (" + nodes + ")"
}

// splitNested separates changes that consist of other changes, such as those of the nodes of a function, from the others. Nearly always,
// all changes are of one kind, and it returns them without a copy.
func splitNested(changes []diff.Change) (flat, nested []diff.Change) {
	isNested := func(c diff.Change) bool { return c.Nodes != nil || c.Entries != nil }
	isFlat := func(c diff.Change) bool { return !isNested(c) }
	switch {
	case !slices.ContainsFunc(changes, isNested):
		return changes, nil
	case !slices.ContainsFunc(changes, isFlat):
		return nil, changes
	}
	return slices.DeleteFunc(slices.Clone(changes), isNested), slices.DeleteFunc(slices.Clone(changes), isFlat)
}

// nestedPart returns the part that a nested change consists of, and the noun for its items.
func nestedPart(c diff.Change) (*diff.Part, string) {
	if c.Nodes != nil {
		return c.Nodes, "node"
	}
	return c.Entries, "entry"
}

// sums returns scopes with their number of items, largest first, as many as fit.
func (v phrasing) sums(sums []scopeSum, most int) string {
	var b strings.Builder
	for i, s := range sums {
		text := v.code(s.names[0])
		if len(s.names) > 1 {
			text = v.code(s.name) + " (" + numberText(len(s.names)) + ")"
		}
		if i == most || i > 0 && b.Len()+len(text) > sumsWidth {
			b.WriteString(", …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(text)
	}
	return b.String()
}

// sumsWidth is the approximate width of a list of scopes.
const sumsWidth = 100

// thing returns the text for an item that was added or removed, with its op or value.
func (v phrasing) thing(c diff.Change) string {
	text := v.code(c.Name)
	switch {
	case c.Value != "" && c.Value != c.Name:
		value, _ := shortenPair(&c.Value, nil, v.width)
		text += " (" + v.code(*value) + ")"
	case c.Op != "":
		text += " (" + v.code(c.Op) + ")"
	}
	return text
}

// item returns the text for a changed item, with its old and its new name.
func (v phrasing) item(c diff.Change) string {
	if c.NewName == "" {
		return v.code(c.Name)
	}
	return v.code(c.Name) + " (now " + v.code(c.NewName) + ")"
}
