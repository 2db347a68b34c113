// Package page writes a graph as one HTML file that a browser opens without a network: the page's own scripts and styles, a
// library that lays out graphs, and the facts about the graph, compressed.
//
// The facts are what `show --format json` prints, plus columns: one property of all nodes each, as varints (encode.go). The
// browser unpacks them (web/data.js), and lays out only what is visible, so a graph of a million nodes opens as fast as a small
// one. bundle.go joins the modules in web/, which a browser can also load one by one.
//
// Everything from a file is text: scripts set textContent, never markup, and the Content-Security-Policy of the page allows
// only its own scripts, by hash.
package page

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/inspect/picture"
	"github.com/metagraph/metagraph/internal/render"
)

// Content is the input for a page.
type Content struct {
	Name  string        // of the file
	Model *model.Model  // its graph
	Views []render.View // the sections of show that become tables; without nodes and scopes
}

// outline describes the columns to data.js.
type outline struct {
	Kind      string          `json:"kind"` // "show" or "diff"
	Name      string          `json:"name"`
	Nodes     int             `json:"nodes"`
	Inputs    int             `json:"inputs"`
	Scopes    int             `json:"scopes"`
	Texts     int             `json:"texts"`
	Sets      int             `json:"sets"`
	Graph     int             `json:"graph"` // nodes of the graph; those of functions follow
	Functions []functionEntry `json:"functions"`
	Sides     []string        `json:"sides"` // kinds of side work, from 1 on
}

// Show writes the page of one file. The error is that of reading the graph, or of w.
func Show(w io.Writer, c Content) error {
	g, err := c.Model.Graph()
	if err != nil {
		return err
	}
	side, names, err := picture.SideWork(c.Model)
	if err != nil {
		return err
	}
	types, err := c.Model.Tensors()
	if err != nil {
		return err
	}
	keys, err := checkpointKeys(c.Model, g)
	if err != nil {
		return err
	}
	e := newEncoder()
	e.addGraph(g, types, side)
	if err := e.addFunctions(g.Rest()); err != nil {
		return err
	}
	e.settle()
	facts := func(w io.Writer) error {
		return render.Show(w, c.Views, render.Options{Format: render.JSON, File: c.Name})
	}
	o := e.outline()
	o.Kind, o.Name, o.Graph, o.Sides = "show", c.Name, g.Len(), names
	return write(w, o, append(e.blocks(), block{"keys", keys, nil}, block{"facts", nil, facts}))
}

// checkpointKeys returns the restored nodes and their checkpoint keys in JSON: pairs of a node's number and a key.
func checkpointKeys(m *model.Model, g *graph.Graph) ([]byte, error) {
	restored, err := checkpoint.RestoredBy(m.Meta, g)
	if err != nil {
		return nil, err
	}
	b := []byte("[null")
	for _, r := range restored {
		if r.Node == graph.Dangling {
			continue
		}
		b = strconv.AppendInt(append(b, ",["...), int64(r.Node), 10)
		b = append(render.AppendJSON(append(b, ','), r.Key), ']')
	}
	return append(b, ']'), nil
}

// outline returns the fields of the outline that the encoder determines.
func (e *encoder) outline() outline {
	return outline{Nodes: e.count(), Scopes: len(e.scopes.parents), Texts: int(e.texts.count), Sets: int(e.setCount),
		Inputs: e.inputCount, Functions: append([]functionEntry{}, e.functions...)}
}

// A block is a piece of the page's data. data.js reads it by name.
type block struct {
	name   string
	data   []byte
	stream func(io.Writer) error // writes what is in place of data, if it is set
}

// blocks returns the columns.
func (e *encoder) blocks() []block {
	var scopeParent, scopeName, scope, leaf column
	for i, parent := range e.scopes.parents {
		scopeParent.add(i - int(parent))
		scopeName.add(int(e.scopes.names[i]))
	}
	previous := int32(0)
	for i, s := range e.scope {
		scope.addSigned(int(s - previous))
		previous = s
		leaf.add(int(e.leaf[i]))
	}
	pairs := append([]byte("[null"), e.pairs...) // each pair begins with a comma
	pairs = append(pairs, ']')
	blocks := []block{
		{"texts", e.texts.bytes, nil}, {"lengths", e.texts.lengths, nil}, {"scopeParent", scopeParent, nil}, {"scopeName", scopeName, nil},
		{"scope", scope, nil}, {"leaf", leaf, nil}, {"op", e.op, nil}, {"device", e.device, nil}, {"side", e.side, nil}, {"type", e.kind, nil},
		{"inputs", e.inputs, nil}, {"from", e.from, nil}, {"port", e.port, nil},
		{"attrs", e.attrs, nil}, {"size", e.size, nil}, {"colocated", e.colocated, nil}, {"sets", e.sets, nil}, {"pairs", pairs, nil},
	}
	if e.change != nil {
		blocks = append(blocks, block{"change", e.change, nil}, block{"inputChange", e.inputChange, nil}, block{"former", e.former, nil})
	}
	return blocks
}

// write writes the page.
func write(w io.Writer, o outline, blocks []block) error {
	head, err := json.Marshal(o)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if err := writeDocument(out, o.Name, append(blocks, block{"outline", head, nil})); err != nil {
		return err
	}
	return out.Flush()
}
