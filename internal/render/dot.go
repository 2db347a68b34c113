package render

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect/dataflow"
	"github.com/metagraph/metagraph/internal/inspect/picture"
)

// DOT is the language of Graphviz.
const DOT Format = "dot"

const (
	labelWidth = 36  // characters of a name in a picture
	lineWidth  = 200 // characters of any line; Graphviz rejects strings of more than 16 kB
	maxLines   = 8   // lines for the tensors of one node
)

// Picture prints a picture in the DOT language (https://graphviz.org/doc/info/lang.html). It uses only the options File and
// Expand. It returns the first error of w.
func Picture(w io.Writer, p *picture.Picture, o Options) error {
	d := dotWriter{printer: newPrinter(w), picture: p}
	d.write("digraph metagraph {\n")
	d.write("  graph [rankdir=TB, ranksep=0.45, nodesep=0.25, labelloc=t, fontname=Helvetica, fontsize=16, label=", d.title(o), "];\n")
	d.write("  node [shape=box, style=\"rounded,filled\", fillcolor=\"#e9eff7\", color=\"#5b7595\", fontname=Helvetica, fontsize=11, height=0.3, margin=\"0.12,0.06\"];\n")
	d.write("  edge [color=\"#3c4f65\", arrowsize=0.6, fontname=Helvetica, fontsize=9, fontcolor=\"#3c4f65\"];\n")
	d.cluster(-1, "  ")
	for _, l := range p.Links {
		d.link(l)
	}
	d.write("}\n")
	return d.flush()
}

// A dotWriter writes one picture.
type dotWriter struct {
	*printer
	picture  *picture.Picture
	clusters map[int][]int // the clusters in each cluster
	boxes    map[int][]int // the boxes in each cluster
	flows    map[int]*flow // by box of side work
}

// A flow counts the inputs that lead into a box and out of it.
type flow struct{ in, out int }

// title returns the title of the picture: the file, the number of nodes, and what is left out.
func (d *dotWriter) title(o Options) string {
	p := d.picture
	parts := []string{Count(p.Nodes, "node")}
	if p.Outside > 0 {
		parts[0] += " of " + numberText(p.Nodes+p.Outside)
	}
	if p.Deeper > 0 {
		parts = append(parts, Count(p.Deeper, "scope")+" not expanded ("+o.Expand+")")
	}
	if o.File == "" {
		return dotLabel(strings.Join(parts, "; "))
	}
	return dotLabel(Text(o.File), strings.Join(parts, "; "))
}

// cluster writes the boxes and clusters of a cluster, or of the whole picture for -1. The depth of its recursion is limited by that of the
// picture.
func (d *dotWriter) cluster(at int, indent string) {
	if d.boxes == nil {
		d.sort()
	}
	for _, k := range d.boxes[at] {
		d.write(indent, "n", strconv.Itoa(k), " [", strings.Join(d.attributes(k), ", "), "];\n")
	}
	for _, k := range d.clusters[at] {
		c := d.picture.Clusters[k]
		d.write(indent, "subgraph cluster_", strconv.Itoa(k), " {\n")
		d.write(indent, "  graph [style=\"rounded,filled\", fillcolor=\"", clusterColors[len(indent)/2%len(clusterColors)], "\", color=\"#9aa7b5\", fontsize=12, labeljust=l, label=",
			dotLabel(lastPart(c.Scope)+": "+Count(c.Nodes, "node")), ", tooltip=", dotLabel(Text(c.Scope)), "];\n")
		d.cluster(k, indent+"  ")
		d.write(indent, "}\n")
	}
}

// clusterColors are the alternating background colors of nested clusters.
var clusterColors = [...]string{"#f1f3f5", "#fafbfc"}

// sort groups the boxes and clusters by the cluster around them, and counts the flows of side work.
func (d *dotWriter) sort() {
	d.clusters, d.boxes, d.flows = make(map[int][]int), make(map[int][]int), make(map[int]*flow)
	for k, c := range d.picture.Clusters {
		d.clusters[c.In] = append(d.clusters[c.In], k)
	}
	for k, b := range d.picture.Boxes {
		d.boxes[b.In] = append(d.boxes[b.In], k)
		if b.Kind == picture.BoxSide {
			d.flows[k] = new(flow)
		}
	}
	for _, l := range d.picture.Links {
		if f := d.flows[l.From]; f != nil {
			f.out += l.Data + l.Control
		}
		if f := d.flows[l.To]; f != nil {
			f.in += l.Data + l.Control
		}
	}
}

// attributes returns the DOT attributes of box k.
func (d *dotWriter) attributes(k int) []string {
	b := d.picture.Boxes[k]
	label, tip, more := []string{lastPart(b.Name)}, Text(b.Name), ""
	switch b.Kind {
	case picture.BoxScope:
		label = append(label, contents(b))
		if b.Scopes > 0 {
			more = "shape=folder"
		}
	case picture.BoxRepeat:
		label = []string{label[0] + " … " + lastPart(b.Last), fmt.Sprintf("× %s: %s", numberText(b.Copies), contents(b))}
		tip, more = Text(b.Name)+" … "+Text(b.Last), "peripheries=2"
	case picture.BoxNode:
		if !strings.EqualFold(label[0], b.Op) {
			label = append(label, shorten(Text(b.Op), labelWidth, false))
		}
		more = "fillcolor=white"
	case picture.BoxRest:
		label, more = []string{"…", contents(b)}, "style=\"rounded,filled,dashed\", fillcolor=white"
	case picture.BoxInput:
		label, more = append(label, tensors(b.IO)...), "style=filled, fillcolor=\"#bfe3bf\", color=\"#2f6f2f\", penwidth=1.6"
	case picture.BoxOutput:
		label, more = append(label, tensors(b.IO)...), "style=filled, fillcolor=\"#fbd3a0\", color=\"#a05f08\", penwidth=1.6"
	case picture.BoxSide:
		f := d.flows[k]
		label = []string{b.Name, Count(b.Nodes, "node"), fmt.Sprintf("%s in, %s out", numberText(f.in), numberText(f.out))}
		more = "fillcolor=\"#fafafa\", color=\"#c8c8c8\", fontcolor=\"#808080\", style=\"rounded,filled,dashed\""
	}
	attributes := []string{"label=" + dotLabel(label...), "tooltip=" + dotLabel(tip)}
	if more != "" {
		attributes = append(attributes, more)
	}
	return attributes
}

// contents returns the number of nodes and scopes in a box.
func contents(b picture.Box) string {
	text := Count(b.Nodes, "node")
	if b.Scopes > 0 {
		text += " in " + Count(b.Scopes, "scope")
	}
	return text
}

// tensors returns the role, dtype and shape of each tensor, without repetitions.
func tensors(list []dataflow.Tensor) []string {
	var lines []string
	for _, t := range list {
		line := strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", t.Role, t.DType, t.Shape)), " ")
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
		if len(lines) == maxLines {
			return append(lines, "…")
		}
	}
	return lines
}

// link writes the arrow between two boxes. It skips side work, which reads nearly everything: its arrows would hide the others. The boxes of
// side work show the number of their inputs instead.
func (d *dotWriter) link(l picture.Link) {
	if d.flows[l.From] != nil || d.flows[l.To] != nil {
		return
	}
	d.write("  n", strconv.Itoa(l.From), " -> n", strconv.Itoa(l.To))
	var attributes []string
	switch {
	case l.Data == 0:
		attributes = append(attributes, `style=dashed, color="#b0b8c0", constraint=false`)
		if l.Control > 1 {
			attributes = append(attributes, "label="+dotLabel(numberText(l.Control)))
		}
	case l.Data > 1:
		attributes = append(attributes, "label="+dotLabel(numberText(l.Data)), fmt.Sprintf("penwidth=%.1f", penWidth(l.Data)))
	}
	if l.Data > 0 && l.Control > 0 {
		attributes = append(attributes, "tooltip="+dotLabel(Count(l.Data, "data input")+", "+Count(l.Control, "control input")))
	}
	if len(attributes) > 0 {
		d.write(" [", strings.Join(attributes, ", "), "]")
	}
	d.write(";\n")
}

// penWidth returns the width of an arrow for a number of inputs.
func penWidth(inputs int) float64 {
	width := 1.0
	for ; inputs > 1 && width < 4; inputs /= 4 {
		width += 0.4
	}
	return width
}

// lastPart returns the last part of a path as a label.
func lastPart(path string) string {
	return shorten(Text(path[strings.LastIndexByte(path, '/')+1:]), labelWidth, false)
}

// dotText escapes text for a DOT string, in which a backslash starts an escape such as \N and an ampersand an HTML entity.
var dotText = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")

// dotLabel returns a DOT string with the given lines. The lines must be printable (see Text). It shortens long lines.
func dotLabel(lines ...string) string {
	escaped := formsOf(lines, func(line *string) string { return dotText.Replace(shorten(*line, lineWidth, false)) })
	return `"` + strings.Join(escaped, `\n`) + `"`
}
