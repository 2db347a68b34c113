package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
)

// Checkpoint returns the section checkpoint: the format, whether it fits the graph, and a row for each tensor. The raw values are the names
// of the tensors. A nil report means that there is no checkpoint.
func Checkpoint(r *checkpoint.Report) View {
	if r == nil {
		none := grid{columns: factColumns(), empty: "no checkpoint next to the graph"}
		return View{Tables: []grid{none}, fields: []member{{"checkpoint", nil}}}
	}
	match := r.Graph
	if match == nil {
		match = new(checkpoint.Match)
	}
	tables := []grid{checkpointFacts(r), missingTable(match), differentTable(match), damagedTable(r), unusedTable(match)}
	tables = slices.DeleteFunc(tables, func(g grid) bool { return len(g.rows) == 0 })
	return View{
		Tables: append(tables, tensorTable(r)),
		Values: each(r.Tensors, func(t *checkpoint.Listed) string { return t.Name }),
		fields: []member{{"checkpoint", r}},
	}
}

// checkpointFacts returns the table with the format of the checkpoint and whether it fits the graph.
func checkpointFacts(r *checkpoint.Report) grid {
	g := grid{title: "checkpoint", noHead: true, columns: factColumns()}
	files := Count(r.Shards, "data file")
	if r.Version == checkpoint.V1 {
		files = Count(r.Shards, "file")
	}
	g.rows = append(g.rows, []string{"checkpoint", fmt.Sprintf("%s, format %s, %s", r.Path, r.Version, files)})
	if m := r.Graph; m != nil {
		g.rows = append(g.rows, []string{"graph", matchText(m)})
		for _, hint := range m.Hints {
			g.rows = append(g.rows, []string{"hint", hint})
		}
	}
	for _, file := range r.Files {
		g.rows = append(g.rows, []string{"data", file.Path + ": " + file.What})
	}
	for _, hint := range r.Hints {
		g.rows = append(g.rows, []string{"hint", hint})
	}
	if len(r.Damaged) > 0 {
		g.rows = append(g.rows, []string{"damaged", Count(len(r.Damaged), "tensor")})
	} else if r.Damaged != nil {
		g.rows = append(g.rows, []string{"data", "all checksums match"})
	}
	return g
}

// matchText returns one line on how a checkpoint fits a graph.
func matchText(m *checkpoint.Match) string {
	text := fmt.Sprintf("the saver restores %s: ", Count(m.Wanted, "tensor"))
	var parts []string
	if len(m.Missing) > 0 {
		parts = append(parts, numberText(len(m.Missing))+" missing")
	}
	if len(m.Different) > 0 {
		parts = append(parts, numberText(len(m.Different))+" different")
	}
	if len(parts) == 0 {
		parts = append(parts, "all found")
	}
	if len(m.Unused) > 0 {
		parts = append(parts, numberText(len(m.Unused))+" unused in the checkpoint")
	}
	return text + strings.Join(parts, ", ")
}

func missingTable(m *checkpoint.Match) grid {
	return grid{title: "missing", columns: namedColumns("missing key", "variable", "similar keys in the checkpoint"),
		rows: formsOf(m.Missing, func(k *checkpoint.Missing) []string { return []string{k.Key, k.Node, strings.Join(k.Nearest, ", ")} })}
}

func differentTable(m *checkpoint.Match) grid {
	return grid{title: "different", columns: namedColumns("different key", "variable", "what", "graph", "checkpoint"),
		rows: formsOf(m.Different, func(d *checkpoint.Difference) []string { return []string{d.Key, d.Node, d.What, d.Graph, d.Checkpoint} })}
}

func damagedTable(r *checkpoint.Report) grid {
	return grid{title: "damaged", columns: namedColumns("damaged tensor", "what"),
		rows: formsOf(r.Damaged, func(d *checkpoint.Damage) []string { return []string{d.Name, d.What} })}
}

func unusedTable(m *checkpoint.Match) grid {
	return grid{title: "unused", columns: namedColumns("unused tensor"), rows: formsOf(m.Unused, func(name *string) []string { return []string{*name} })}
}

// maxRows is the largest number of tensors or variables that are kept as rows. Only kept rows allow hiding empty columns.
const maxRows = 10_000

// tensorTable returns the table of the tensors.
func tensorTable(r *checkpoint.Report) grid {
	g := grid{title: "tensors", columns: []column{{name: "tensor"}, {name: "dtype", fixed: true}, {name: "shape", fixed: true}, numberColumn("bytes"),
		optional(numberColumn("shard")), optional(numberColumn("slices")), {name: "object", spare: true, ifAny: true}}}
	var bytes int64
	for i := range r.Tensors {
		bytes += r.Tensors[i].Bytes
	}
	g.note = fmt.Sprintf("%s, %s", Count(len(r.Tensors), "tensor"), bytesText(bytes))
	if bytes != r.Bytes {
		g.note += fmt.Sprintf(" (whole checkpoint: %s)", bytesText(r.Bytes))
	}
	g.fill(maxRows, listed(r.Tensors, func(t *checkpoint.Listed) []string {
		row := []string{t.Name, t.DType, t.Shape.String(), strconv.FormatInt(t.Bytes, 10), "", "", t.Object}
		if r.Shards > 1 {
			row[4] = strconv.Itoa(t.Shard)
		}
		if len(t.Slices) > 0 {
			row[5] = strconv.Itoa(len(t.Slices))
		}
		return row
	}))
	return g
}
