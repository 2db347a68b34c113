package render

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect/size"
)

// sizeRows is the default number of rows in each table. The other parts share one row, so that the rows add up to the total.
const sizeRows = 20

// SizeHints holds the suggestions of the section size.
type SizeHints struct {
	Top    int    // rows of each table, 0 for the default
	Depth  string // how scopes are divided further
	Savers string // the command that removes the savers not in use, "" if it removes nothing
	Saved  int64  // bytes that this saves
}

// Size returns the section size, with a table for each breakdown of the bytes.
func Size(s *size.Size, hints SizeHints) View {
	rows := cmp.Or(hints.Top, sizeRows)
	tables := []grid{
		sizeParts("fields", "field", "entries", s.Fields, rows),
		sizeParts("scopes", "scope", "nodes", s.Scopes, rows),
		sizeParts("ops", "op", "nodes", s.Ops, rows),
		sizeParts("node parts", "part", "count", s.NodeParts, rows),
	}
	tables[0].note = fmt.Sprintf("total: %s bytes (%s)", numberText(s.Bytes), bytesText(s.Bytes))
	tables[1].note = "scopes, ops and node parts each add up to all nodes (" + bytesText(s.NodeBytes) + "); " + hints.Depth
	if len(s.Functions) > 0 {
		tables = append(tables, sizeParts("functions", "function", "nodes", s.Functions, rows))
	}
	tables = append(tables, sizeConstants(s), sizeRepeated(s), sizeSavers(s, hints))
	values := each(s.Fields, func(p *size.Part) string { return p.Name + " " + strconv.FormatInt(p.Bytes, 10) })
	return View{Tables: tables, Values: values, fields: []member{{"size", s}}}
}

// sizeParts returns a table of the parts of a whole. The parts after the given number of rows share one row.
func sizeParts(title, what, counted string, parts []size.Part, rows int) grid {
	g := grid{title: title, columns: []column{{name: what}, numberColumn(counted), numberColumn("bytes"), numberColumn("size"), numberColumn("share")}}
	shown := parts
	if len(parts) > rows {
		shown = parts[:rows-1]
	}
	for _, p := range shown {
		g.rows = append(g.rows, sizeRow(cmp.Or(p.Name, noneText(title)), p.Count, p.Bytes, p.Share))
	}
	if rest := parts[len(shown):]; len(rest) > 0 {
		var all size.Part
		for _, p := range rest {
			all.Count += p.Count
			all.Bytes += p.Bytes
			all.Share += p.Share
		}
		g.rows = append(g.rows, sizeRow(fmt.Sprintf("(%s others)", numberText(len(rest))), all.Count, all.Bytes, all.Share))
	}
	return g
}

// noneText returns the label of the part without a name.
func noneText(title string) string {
	if title == "scopes" {
		return "(no scope)"
	}
	return "(none)"
}

func sizeRow(name string, count int, bytes int64, share float64) []string {
	return []string{name, strconv.Itoa(count), strconv.FormatInt(bytes, 10), bytesText(bytes), shareText(share)}
}

func sizeConstants(s *size.Size) grid {
	g := grid{
		title: "constants",
		columns: []column{{name: "node"}, {name: "attr"}, {name: "dtype", fixed: true}, {name: "shape", fixed: true},
			numberColumn("bytes"), spareColumn("size"), numberColumn("share")},
		rows: formsOf(s.Constants, func(c *size.ConstantSize) []string {
			node := c.Node
			if c.Function != "" {
				node += "@" + c.Function
			}
			return []string{node, c.Attr, c.DType, c.Shape.String(), strconv.FormatInt(c.Bytes, 10), bytesText(c.Bytes), shareText(c.Share)}
		}),
		note:  fmt.Sprintf("%s take %s", Count(s.ConstantCount, "constant"), bytesText(s.ConstantBytes)),
		empty: "no constants",
	}
	if s.ConstantCount > len(s.Constants) {
		g.note += fmt.Sprintf("; the %d largest are shown", len(s.Constants))
	}
	return g
}

func sizeRepeated(s *size.Size) grid {
	return grid{
		title: "repeated",
		columns: []column{{name: "nodes", prose: true}, {name: "dtype", fixed: true}, {name: "shape", fixed: true}, numberColumn("copies"), numberColumn("bytes"),
			numberColumn("waste"), spareColumn("size")},
		rows: formsOf(s.Repeated, func(r *size.RepeatedBytes) []string {
			nodes := strings.Join(r.Nodes, ", ")
			if r.Copies > len(r.Nodes) {
				nodes += ", ..."
			}
			return []string{nodes, r.DType, r.Shape.String(), strconv.Itoa(r.Copies), strconv.FormatInt(r.Bytes, 10),
				strconv.FormatInt(r.Waste, 10), bytesText(r.Waste)}
		}),
		note:  "duplicates waste " + bytesText(s.RepeatedWaste),
		empty: "no duplicates among constants of 64 bytes or more",
	}
}

func sizeSavers(s *size.Size, hints SizeHints) grid {
	g := grid{
		title:   "savers",
		columns: []column{{name: "scope"}, {name: "in saver_def"}, numberColumn("nodes"), numberColumn("bytes"), numberColumn("size"), numberColumn("share")},
		rows: formsOf(s.Savers, func(v *size.SaverSize) []string {
			return []string{cmp.Or(v.Scope, noneText("scopes")), yesNo(v.InUse), strconv.Itoa(v.Nodes), strconv.FormatInt(v.Bytes, 10), bytesText(v.Bytes), shareText(v.Share)}
		}),
		empty: "no saver",
	}
	if hints.Savers != "" {
		g.note = fmt.Sprintf("%s saves %s", hints.Savers, bytesText(hints.Saved))
	}
	return g
}
