package diff

import (
	"fmt"
	"iter"
	"strings"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/printable"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// noteUnused adds a note about the patterns that match none of the names in either graph. The function each calls look with the names
// in one graph, until look returns false. The noun says what is named.
func (c *comparison) noteUnused(noun string, patterns []match.Glob, each func(m *wire.MetaGraph, look func(name []byte) bool) error) error {
	used := make([]bool, len(patterns))
	left := len(used)
	look := func(name []byte) bool {
		for i, glob := range patterns {
			if !used[i] && glob.Match(unsafeString(name)) {
				used[i] = true
				left--
			}
		}
		return left > 0
	}
	for _, m := range []*wire.MetaGraph{c.a, c.b} {
		if left == 0 {
			return nil
		}
		if err := each(m, look); err != nil {
			return err
		}
	}
	var unused []string
	for i, glob := range patterns {
		if !used[i] {
			unused = append(unused, printable.Quote(glob.String()))
		}
	}
	if len(unused) > 0 {
		c.report.Notes = append(c.report.Notes, fmt.Sprintf("no %s in either file matches %s", noun, strings.Join(unused, ", ")))
	}
	return nil
}

// eachName calls look with every name that Options.Names can match, until look returns false.
func (c *comparison) eachName(m *wire.MetaGraph, look func(name []byte) bool) error {
	for n, err := range m.Graph().Nodes() {
		if err != nil || !look(n.Name) {
			return err
		}
	}
	for f, err := range m.Graph().Functions() {
		if err != nil || !look([]byte(f.Name())) {
			return err
		}
	}
	for key, value := range m.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		if !look(key) || !c.eachEntry(key, value, look) {
			return nil
		}
	}
	for key := range m.Entries(fieldnum.MetaGraphDef_SignatureDef) {
		if !look(key) {
			return nil
		}
	}
	for asset := range m.All(fieldnum.MetaGraphDef_AssetFileDef) {
		if !look([]byte(printable.Quote(string(wire.Last(asset, fieldnum.AssetFileDef_Filename))))) {
			return nil
		}
	}
	for _, list := range c.ops {
		for _, name := range list.Names() {
			if !look([]byte(name)) {
				return nil
			}
		}
	}
	return nil
}

// eachEntry calls look with the names in a collection. It returns false once look has.
func (c *comparison) eachEntry(key, collection []byte, look func(name []byte) bool) bool {
	kind, list := scope.KindOf(collection)
	typ, _ := c.registry.Lookup(string(key))
	if kind != fieldnum.CollectionDef_BytesList {
		typ = nil
	}
	for _, e := range c.entries(kind, list, typ, nil) {
		name := e.name()
		if !look([]byte(name)) || !look([]byte(wire.NodeOf(name))) {
			return false
		}
	}
	return true
}

// eachAttr calls look with the keys of the attrs of all nodes, including those in functions, until look returns false.
func eachAttr(m *wire.MetaGraph, look func(name []byte) bool) error {
	for _, nodes := range []iter.Seq2[*wire.Node, error]{m.Graph().Nodes(), m.Graph().FunctionNodes()} {
		for n, err := range nodes {
			if err != nil {
				return err
			}
			for key := range n.Attrs {
				if !look(key) {
					return nil
				}
			}
		}
	}
	return nil
}
