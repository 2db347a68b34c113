package diff

import (
	"strings"

	"github.com/metagraph/metagraph/internal/printable"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// noteUnused adds a note about the patterns of Options.Names that match no name in either graph. Without it, "no differences" would be
// misleading.
func (c *comparison) noteUnused() error {
	used := make([]bool, len(c.sel.names))
	left := len(used)
	look := func(name []byte) bool {
		for i, glob := range c.sel.names {
			if !used[i] && glob.Match(unsafeString(name)) {
				used[i] = true
				left--
			}
		}
		return left > 0
	}
	for _, m := range []*wire.MetaGraph{c.a, c.b} {
		if err := c.eachName(m, look); err != nil {
			return err
		}
	}
	if left == 0 {
		return nil
	}
	var patterns []string
	for i, glob := range c.sel.names {
		if !used[i] {
			patterns = append(patterns, printable.Quote(glob.String()))
		}
	}
	c.report.Notes = append(c.report.Notes, "no name in either file matches "+strings.Join(patterns, ", "))
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
	for _, f := range m.Fields {
		if f.Is(fieldnum.MetaGraphDef_AssetFileDef) && !look([]byte(printable.Quote(string(wire.Last(f.Data, fieldnum.AssetFileDef_Filename))))) {
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
		node, _, _ := strings.Cut(name, ":")
		if !look([]byte(name)) || !look([]byte(node)) {
			return false
		}
	}
	return true
}
