package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
)

// Checkpoint returns the section checkpoint: the format, whether it fits the graph, and a row for each tensor. The raw values are the names
// of the tensors. A nil report means that there is no checkpoint.
func Checkpoint(r *checkpoint.Report) View {
	if r == nil {
		return View{section: "checkpoint", Tables: []grid{{title: "checkpoint", noHead: true, columns: namedColumns("what", "answer"), note: "no checkpoint next to the graph"}},
			Values: rawLines(nil), fields: []member{{"checkpoint", nil}}}
	}
	tables := []grid{checkpointFacts(r)}
	if r.Graph != nil {
		tables = append(tables, missingTable(r.Graph), differentTable(r.Graph))
	}
	damaged := grid{title: "damaged", columns: namedColumns("damaged tensor", "what")}
	for _, d := range r.Damaged {
		damaged.rows = append(damaged.rows, []string{d.Name, d.What})
	}
	tables = append(tables, damaged)
	if r.Graph != nil {
		unused := grid{title: "unused", columns: namedColumns("unused tensor")}
		for _, name := range r.Graph.Unused {
			unused.rows = append(unused.rows, []string{name})
		}
		tables = append(tables, unused)
	}
	kept := tables[:0]
	for _, table := range tables {
		if len(table.rows) > 0 {
			kept = append(kept, table)
		}
	}
	names := onePart(listed(r.Tensors, func(t *checkpoint.Listed) string { return t.Name }))
	return View{section: "checkpoint", Tables: append(kept, tensorTable(r)), Values: names, fields: []member{{"checkpoint", jsonCheckpoint{r.Path, r.Version, r.Shards, r.Bytes, r.Tensors, r.Damaged, r.Files, r.Hints, r.Graph}}}}
}

// checkpointFacts returns the table with the format of the checkpoint and whether it fits the graph.
func checkpointFacts(r *checkpoint.Report) grid {
	columns := namedColumns("what", "answer")
	columns[0].fixed, columns[1].prose, columns[1].wrap = true, true, true
	g := grid{title: "checkpoint", noHead: true, columns: columns}
	files := count(r.Shards, "data file")
	if r.Version == checkpoint.V1 {
		files = count(r.Shards, "file")
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
		g.rows = append(g.rows, []string{"damaged", count(len(r.Damaged), "tensor")})
	} else if r.Damaged != nil {
		g.rows = append(g.rows, []string{"data", "all checksums match"})
	}
	return g
}

// matchText returns one line on how a checkpoint fits a graph.
func matchText(m *checkpoint.Match) string {
	text := fmt.Sprintf("the saver restores %s: ", count(m.Wanted, "tensor"))
	var parts []string
	if len(m.Missing) > 0 {
		parts = append(parts, numberText(int64(len(m.Missing)))+" missing")
	}
	if len(m.Different) > 0 {
		parts = append(parts, numberText(int64(len(m.Different)))+" different")
	}
	if len(parts) == 0 {
		parts = append(parts, "all found")
	}
	if len(m.Unused) > 0 {
		parts = append(parts, numberText(int64(len(m.Unused)))+" unused in the checkpoint")
	}
	return text + strings.Join(parts, ", ")
}

func missingTable(m *checkpoint.Match) grid {
	g := grid{title: "missing", columns: namedColumns("missing key", "variable", "similar keys in the checkpoint")}
	for _, missing := range m.Missing {
		g.rows = append(g.rows, []string{missing.Key, missing.Node, strings.Join(missing.Nearest, ", ")})
	}
	return g
}

func differentTable(m *checkpoint.Match) grid {
	g := grid{title: "different", columns: namedColumns("different key", "variable", "what", "graph", "checkpoint")}
	for _, d := range m.Different {
		g.rows = append(g.rows, []string{d.Key, d.Node, d.What, d.Graph, d.Checkpoint})
	}
	return g
}

// maxRows is the largest number of tensors or variables that are kept as rows. Only kept rows allow hiding empty columns.
const maxRows = 10_000

// tensorTable returns the table of the tensors.
func tensorTable(r *checkpoint.Report) grid {
	columns := namedColumns("tensor", "dtype", "shape", "bytes", "shard", "slices", "object")
	columns[1].fixed, columns[2].fixed = true, true
	columns[3], columns[4], columns[5] = numberColumn("bytes"), numberColumn("shard"), numberColumn("slices")
	columns[4].ifAny, columns[5].ifAny, columns[6].ifAny = true, true, true
	columns[6].spare = true
	g := grid{title: "tensors", columns: columns}
	var listed int64
	for i := range r.Tensors {
		listed += r.Tensors[i].Bytes
	}
	g.note = fmt.Sprintf("%s, %s", count(len(r.Tensors), "tensor"), bytesText(listed))
	if listed != r.Bytes {
		g.note += fmt.Sprintf(" (whole checkpoint: %s)", bytesText(r.Bytes))
	}
	row := func(t *checkpoint.Listed) []string {
		row := []string{t.Name, t.DType, t.Shape.String(), strconv.FormatInt(t.Bytes, 10), "", "", t.Object}
		if r.Shards > 1 {
			row[4] = strconv.Itoa(t.Shard)
		}
		if len(t.Slices) > 0 {
			row[5] = strconv.Itoa(len(t.Slices))
		}
		return row
	}
	g.fill(len(r.Tensors), maxRows, func(yield func([]string, error) bool) {
		for i := range r.Tensors {
			if !yield(row(&r.Tensors[i]), nil) {
				return
			}
		}
	})
	return g
}

// jsonCheckpoint is the JSON form of a report. Its tensors are written without reflection, since there can be very many.
type jsonCheckpoint struct {
	Path    string                  `json:"path"`
	Version checkpoint.Version      `json:"version"`
	Shards  int                     `json:"shards"`
	Bytes   int64                   `json:"bytes"`
	Tensors jsonTensors             `json:"tensors"`
	Damaged []checkpoint.Damage     `json:"damaged,omitzero"`
	Files   []checkpoint.FileDamage `json:"files,omitempty"`
	Hints   []string                `json:"hints,omitempty"`
	Graph   *checkpoint.Match       `json:"graph,omitempty"`
}

type jsonTensors []checkpoint.Listed

// appendJSON implements appender.
func (l jsonTensors) appendJSON(b []byte) []byte {
	b = append(b, '[')
	for i := range l {
		t := &l[i]
		if i > 0 {
			b = append(b, ", "...)
		}
		b = AppendJSONString(append(b, `{"name": `...), t.Name)
		b = AppendJSONString(append(b, `, "dtype": `...), t.DType)
		b = appendInts(append(b, `, "shape": `...), t.Shape)
		b = strconv.AppendInt(append(b, `, "bytes": `...), t.Bytes, 10)
		b = strconv.AppendInt(append(b, `, "shard": `...), int64(t.Shard), 10)
		for k, s := range t.Slices {
			b = append(b, [...]string{`, "slices": [`, ", "}[min(k, 1)]...)
			b = appendInts(append(b, `{"start": `...), s.Start)
			b = append(appendInts(append(b, `, "length": `...), s.Length), '}')
		}
		if len(t.Slices) > 0 {
			b = append(b, ']')
		}
		if t.Object != "" {
			b = AppendJSONString(append(b, `, "object": `...), t.Object)
		}
		if t.FullName != "" {
			b = AppendJSONString(append(b, `, "full_name": `...), t.FullName)
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendInts appends a list of numbers as JSON.
func appendInts(b []byte, list []int64) []byte {
	b = append(b, '[')
	for i, n := range list {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return append(b, ']')
}
