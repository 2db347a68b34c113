package render

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/metagraph/metagraph/internal/printable"
	"github.com/metagraph/metagraph/internal/rewrite"
)

// Message returns s for printing to a terminal. It replaces characters that a terminal would interpret with Go escapes.
func Message(s string) string {
	if printable.Is(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == unicode.ReplacementChar && !strings.HasPrefix(s[i:], "\ufffd"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case printable.Is(string(r)):
			b.WriteRune(r)
		default:
			quoted := fmt.Sprintf("%+q", r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// A Devices is the report of clear-devices.
type Devices struct {
	*rewrite.DevicesReport
	Check  bool `json:"check"`   // older name of dry_run
	DryRun bool `json:"dry_run"` // nothing was written
}

// Notice returns the report for people: the devices that were cleared, and those that remain.
func (d Devices) Notice() Notice {
	n := Notice{fact: d.fact()}
	if len(d.Devices) > 0 {
		parts := make([]string, 0, len(d.Devices))
		for _, c := range d.Devices {
			device := Text(c.Device)
			if c.To != "" {
				device += " -> " + Text(c.To)
			}
			parts = append(parts, fmt.Sprintf("%s (%s)", device, numberText(int64(c.Nodes))))
		}
		n.details = append(n.details, "devices: "+strings.Join(atMost(parts, 8), ", "))
	}
	if d.GroupsRemoved > 0 {
		n.details = append(n.details, d.outcome("removed", "would remove")+" "+count(d.GroupsRemoved, "colocation constraint"))
	}
	if d.Left.Nodes > 0 {
		n.details = append(n.details, count(d.Left.Nodes, "node")+" "+d.outcome("still", "would still")+" "+agree(d.Left.Nodes, d.outcome("has", "have"), "have")+" a device")
	}
	if d.Left.Groups > 0 {
		n.details = append(n.details, fmt.Sprintf("%s %s (%s)", d.outcome("kept", "would keep"), count(d.Left.Groups, "colocation group"), count(d.Left.Colocated, "node")))
	}
	if d.Left.Elsewhere > 0 {
		n.warnings = append(n.warnings, fmt.Sprintf("%s %s colocated with nodes on a different device", count(d.Left.Elsewhere, "node"),
			agree(d.Left.Elsewhere, "is", "are")))
	}
	if len(d.Unmatched) > 0 {
		warning := "no device matches " + strings.Join(atMost(texts(d.Unmatched), 4), ", ")
		if len(d.Available) > 0 {
			warning += " (available: " + strings.Join(atMost(texts(d.Available), 4), ", ") + ")"
		}
		n.warnings = append(n.warnings, warning)
	}
	return n
}

// fact returns the main fact: the number of nodes that were changed.
func (d Devices) fact() string {
	nodes := count(d.Nodes, "node")
	var parts []string
	switch {
	case d.Cleared+d.Replaced+d.GroupsRemoved > 0:
	case d.Left.Nodes > 0:
		return fmt.Sprintf("no matching devices (%s checked)", nodes)
	default:
		return fmt.Sprintf("no devices set (%s checked)", nodes)
	}
	if d.Cleared > 0 || d.Replaced == 0 {
		of := fmt.Sprintf("%s of %s", numberText(int64(d.Cleared)), nodes)
		parts = append(parts, d.outcome("cleared "+of, of+" would be cleared"))
	}
	if d.Replaced > 0 {
		moved := numberText(int64(d.Replaced))
		if len(parts) == 0 {
			moved += " of " + nodes
		}
		parts = append(parts, d.outcome("moved "+moved, moved+" would be moved"))
	}
	fact := strings.Join(parts, ", ")
	if d.InFunctions > 0 {
		fact += fmt.Sprintf(" (%s in %s)", numberText(int64(d.InFunctions)), count(d.Functions, "function"))
	}
	return fact
}

// outcome returns done, or in a dry run the second text.
func (d Devices) outcome(done, would string) string {
	if d.DryRun {
		return would
	}
	return done
}

// agree returns the verb form for a number of items.
func agree(n int, singular, plural string) string {
	if n == 1 {
		return singular
	}
	return plural
}

// Collections is the report of filter-collections.
type Collections struct {
	*rewrite.CollectionsReport
	Check  bool `json:"check"`   // older name of dry_run
	DryRun bool `json:"dry_run"` // nothing was written
}

// Notice returns the report for people: the collections that were kept and dropped.
func (c Collections) Notice() Notice {
	verb := "kept"
	if c.DryRun {
		verb = "would keep"
	}
	n := Notice{fact: fmt.Sprintf("%s %s of %s", verb, numberText(int64(len(c.Kept))), count(len(c.Kept)+len(c.Dropped), "collection"))}
	if len(c.Kept) > 0 {
		n.details = append(n.details, "kept: "+strings.Join(atMost(texts(c.Kept), 12), ", "))
	}
	if len(c.Dropped) > 0 {
		n.details = append(n.details, "dropped: "+strings.Join(atMost(texts(c.Dropped), 12), ", "))
	}
	if len(c.Overridden) > 0 {
		n.warnings = append(n.warnings, "every collection matching "+strings.Join(atMost(texts(c.Overridden), 4), ", ")+" is dropped")
	}
	if c.OnlyGraph && len(c.Dropped) > 0 {
		n.warnings = append(n.warnings, "a GraphDef has no collections; name the output *.meta to keep some")
	}
	return n
}

// texts returns names as Text does. The empty name becomes `""`, so that it is visible in a list.
func texts(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = Text(name)
		if name == "" {
			out[i] = `""`
		}
	}
	return out
}

// atMost shortens a list to n elements and adds the number of further elements.
func atMost(parts []string, n int) []string {
	if len(parts) <= n {
		return parts
	}
	return append(parts[:n:n], fmt.Sprintf("and %s more", numberText(int64(len(parts)-n))))
}
