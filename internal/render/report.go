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
	parts := make([]string, len(d.Devices))
	for i, c := range d.Devices {
		device := Text(c.Device)
		if c.To != "" {
			device += " -> " + Text(c.To)
		}
		parts[i] = fmt.Sprintf("%s (%s)", device, numberText(c.Nodes))
	}
	if len(parts) > 0 {
		n.details.add("devices: %s", strings.Join(atMost(parts, 8), ", "))
	}
	n.details.count(did(d.DryRun, "removed", "remove")+" %s", d.GroupsRemoved, "colocation constraint")
	n.details.count("%s "+did(d.DryRun, "still "+agree(d.Left.Nodes, "has", "have"), "still have")+" a device", d.Left.Nodes, "node")
	if d.Left.Groups > 0 {
		n.details.add("%s %s (%s)", did(d.DryRun, "kept", "keep"), Count(d.Left.Groups, "colocation group"), Count(d.Left.Colocated, "node"))
	}
	n.warnings.count("%s "+agree(d.Left.Elsewhere, "is", "are")+" colocated with nodes on a different device", d.Left.Elsewhere, "node")
	if len(d.Unmatched) > 0 {
		available := ""
		if len(d.Available) > 0 {
			available = " (available: " + listText(d.Available, 4) + ")"
		}
		n.warnings.add("no device matches %s%s", listText(d.Unmatched, 4), available)
	}
	return n
}

// fact returns the main fact: the number of nodes that were changed.
func (d Devices) fact() string {
	nodes := Count(d.Nodes, "node")
	var parts []string
	switch {
	case d.Cleared+d.Replaced+d.GroupsRemoved > 0:
	case d.Left.Nodes > 0:
		return fmt.Sprintf("no matching devices (%s checked)", nodes)
	default:
		return fmt.Sprintf("no devices set (%s checked)", nodes)
	}
	if d.Cleared > 0 || d.Replaced == 0 {
		of := fmt.Sprintf("%s of %s", numberText(d.Cleared), nodes)
		parts = append(parts, did(d.DryRun, "cleared", "clear")+" "+of)
	}
	if d.Replaced > 0 {
		moved := numberText(d.Replaced)
		if len(parts) == 0 {
			moved += " of " + nodes
		}
		parts = append(parts, did(d.DryRun, "moved", "move")+" "+moved)
	}
	fact := strings.Join(parts, ", ")
	if d.InFunctions > 0 {
		fact += fmt.Sprintf(" (%s in %s)", numberText(d.InFunctions), Count(d.Functions, "function"))
	}
	return fact
}

// did returns a verb in the past tense, or in a dry run "would" and its base form.
func did(dryRun bool, past, base string) string {
	if dryRun {
		return "would " + base
	}
	return past
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
	n := Notice{fact: fmt.Sprintf("%s %s of %s", did(c.DryRun, "kept", "keep"), numberText(len(c.Kept)), Count(len(c.Kept)+len(c.Dropped), "collection"))}
	n.details.list("kept: %s", c.Kept, 12)
	n.details.list("dropped: %s", c.Dropped, 12)
	n.warnings.list("every collection matching %s is dropped", c.Overridden, 4)
	if c.OnlyGraph && len(c.Dropped) > 0 {
		n.warnings.add("a GraphDef has no collections; name the output *.meta to keep some")
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
	return append(parts[:n:n], fmt.Sprintf("and %s more", numberText(len(parts)-n)))
}
