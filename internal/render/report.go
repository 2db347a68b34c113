package render

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/metagraph/metagraph/internal/rewrite"
)

// A Report is what a rewriting command says of what it did. Its JSON is that of the report's struct.
type Report interface {
	Line() string // for a person, in one line
}

// ReportJSON writes a report as one line of JSON.
func ReportJSON(w io.Writer, r Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// Message returns s fit for a terminal: characters that would do something there, other than show themselves, are
// written as Go escapes them.
func Message(s string) string {
	if printable(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == unicode.ReplacementChar && !strings.HasPrefix(s[i:], "\ufffd"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case printable(string(r)):
			b.WriteRune(r)
		default:
			quoted := fmt.Sprintf("%+q", r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// Devices is the report of clear-devices.
type Devices struct {
	*rewrite.DevicesReport
	Check  bool `json:"check"`   // nothing was written: the older name
	DryRun bool `json:"dry_run"` // nothing was written
}

// Line says what was cleared, and what still ties nodes to a place.
func (d Devices) Line() string {
	var b strings.Builder
	changed := d.Cleared + d.Replaced
	switch {
	case changed+d.GroupsRemoved == 0:
		fmt.Fprintf(&b, "no device to clear in %s", count(d.Nodes, "node"))
	case d.DryRun:
		fmt.Fprintf(&b, "%d of %s would be cleared", d.Cleared, count(d.Nodes, "node"))
	default:
		fmt.Fprintf(&b, "cleared %d of %s", d.Cleared, count(d.Nodes, "node"))
	}
	if d.Replaced > 0 {
		fmt.Fprintf(&b, ", %d re-placed", d.Replaced)
	}
	if d.InFunctions > 0 {
		fmt.Fprintf(&b, ", %d in %s", d.InFunctions, count(d.Functions, "function"))
	}
	if d.GroupsRemoved > 0 {
		fmt.Fprintf(&b, ", %s of colocation groups taken off", count(d.GroupsRemoved, "entry"))
	}
	if len(d.Devices) > 0 {
		parts := make([]string, 0, len(d.Devices))
		for _, c := range d.Devices {
			device := Text(c.Device)
			if c.To != "" {
				device += " -> " + Text(c.To)
			}
			parts = append(parts, fmt.Sprintf("%s (%d)", device, c.Nodes))
		}
		b.WriteString("; devices: " + strings.Join(atMost(parts, 8), ", "))
	}
	var left []string
	if d.Left.Nodes > 0 {
		left = append(left, count(d.Left.Nodes, "node")+" with a device")
	}
	if d.Left.Groups > 0 {
		left = append(left, fmt.Sprintf("%s of %s", count(d.Left.Groups, "colocation group"), count(d.Left.Colocated, "node")))
	}
	if d.Left.Elsewhere > 0 {
		left = append(left, count(d.Left.Elsewhere, "node")+" colocated with a node on another device")
	}
	if len(left) > 0 {
		b.WriteString("; left: " + strings.Join(left, ", "))
	}
	if len(d.Unmatched) > 0 {
		b.WriteString("; no device fits " + strings.Join(atMost(texts(d.Unmatched), 4), ", "))
		if len(d.There) > 0 {
			b.WriteString(" (there is " + strings.Join(atMost(texts(d.There), 4), ", ") + ")")
		}
	}
	return b.String()
}

// Collections is the report of filter-collections.
type Collections struct {
	*rewrite.CollectionsReport
	Check  bool `json:"check"`   // nothing was written: the older name
	DryRun bool `json:"dry_run"` // nothing was written
}

// Line says what was kept and what was dropped.
func (c Collections) Line() string {
	verb := "kept"
	if c.DryRun {
		verb = "would keep"
	}
	total := len(c.Kept) + len(c.Dropped)
	line := fmt.Sprintf("%s %d of %s", verb, len(c.Kept), count(total, "collection"))
	if len(c.Kept) > 0 {
		line += ": " + strings.Join(atMost(texts(c.Kept), 12), ", ")
	}
	if len(c.Dropped) > 0 {
		line += "; dropped " + strings.Join(atMost(texts(c.Dropped), 12), ", ")
	}
	return line
}

// texts returns the names as a person may see them.
func texts(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = Text(name)
		if name == "" {
			out[i] = `""` // a key that nobody would see in a list
		}
	}
	return out
}

// atMost shortens a list to n elements and says how many more there are.
func atMost(parts []string, n int) []string {
	if len(parts) <= n {
		return parts
	}
	return append(parts[:n:n], fmt.Sprintf("and %d more", len(parts)-n))
}

// count returns "1 node", "2 nodes", "3 entries".
func count(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "y"):
		noun = strings.TrimSuffix(noun, "y") + "ies"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
