package rewrite

import (
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// kindNames are the names of the lists that a collection can be, as CollectionDef calls them.
var kindNames = [...]string{scope.NodeList: "node_list", scope.BytesList: "bytes_list", scope.Int64List: "int64_list",
	scope.FloatList: "float_list", scope.AnyList: "any_list"}

// checkCollections notes the patterns that fit no collection, and the collections that are one kind of list here and
// another in the base.
func (i *importer) checkCollections() error {
	own := make(map[string]bool)
	for key := range i.in.Entries(wire.CollectionDef) {
		own[string(key)] = true
	}
	if missing := unused(i.o.Collections, own); len(missing) > 0 {
		keys := slices.Sorted(maps.Keys(own))
		for _, pattern := range missing {
			i.trouble.add(meant(pattern, keys), "--restore-collections: no collection is called %q", pattern)
		}
	}
	base := make(map[string][]byte)
	for key, value := range i.base.Entries(wire.CollectionDef) {
		base[string(key)] = value
	}
	for raw, value := range i.in.Entries(wire.CollectionDef) {
		key := string(raw)
		if key == i.o.UnboundInputs || len(i.o.Collections) > 0 && !fitsAny(i.o.Collections, key) {
			continue
		}
		kind, list := scope.KindOf(value)
		other, has := base[key]
		baseKind, baseList := scope.KindOf(other)
		if !has || kind == baseKind || len(list) == 0 || len(baseList) == 0 {
			continue
		}
		if _, registered := i.o.Registry.Lookup(key); registered && nodesOrProtos(kind) && nodesOrProtos(baseKind) {
			continue // the form of older releases and that of newer ones
		}
		i.trouble.add("name the collections to import with --restore-collections, or drop this one with metagraph filter-collections",
			"collection %q is a %s and in the base a %s", key, kindNames[kind], kindNames[baseKind])
	}
	return nil
}

// nodesOrProtos reports whether a kind of list is one of those that a registered collection may be.
func nodesOrProtos(kind protowire.Number) bool {
	return kind == scope.NodeList || kind == scope.BytesList
}

// mergeCollections appends the collections of both, of one that both have the base's entries first.
func (i *importer) mergeCollections(b *wire.Builder) error {
	imported := make(map[string]scope.CollectionChange)
	var order []string
	for raw, value := range i.in.Entries(wire.CollectionDef) {
		key := string(raw)
		if !i.restores(key) {
			continue
		}
		t, _ := i.o.Registry.Lookup(key)
		change, err := i.plan.Collection(value, t)
		if err != nil {
			return err
		}
		i.noteStale(key, value)
		imported[key] = change
		order = append(order, key)
		i.report.Collections = append(i.report.Collections, key)
	}
	fields := lastEntries(i.base, wire.CollectionDef)
	for n, f := range i.base.Fields {
		if !fields[n] {
			continue
		}
		raw, value := wire.MapEntry(f.Data)
		key := string(raw)
		t, _ := i.o.Registry.Lookup(key)
		if err := t.Check(value); err != nil {
			return err
		}
		change, ok := imported[key]
		delete(imported, key)
		kind, list := scope.KindOf(value)
		switch {
		case !ok || len(change.List) == 0:
			b.Field(f)
		case len(list) == 0:
			writeCollection(b, key, change.Kind, change.List)
		default:
			if kind != change.Kind {
				var err error
				if kind, list, change.List, err = i.asNodes(key, kind, list, change); err != nil {
					return err
				}
			}
			writeCollection(b, key, kind, list, change.List)
		}
	}
	for _, key := range order {
		if change, ok := imported[key]; ok {
			writeCollection(b, key, change.Kind, change.List)
		}
	}
	return nil
}

// asNodes makes lists of nodes of the two lists of a registered collection, of which one is such a list already: the form in
// which older releases wrote some of them, and in which TensorFlow still reads them.
func (i *importer) asNodes(key string, kind protowire.Number, list []byte, change scope.CollectionChange) (protowire.Number, []byte, []byte, error) {
	t, _ := i.o.Registry.Lookup(key)
	i.report.Converted = append(i.report.Converted, key)
	lists := [2][]byte{list, change.List}
	for n, of := range [2]protowire.Number{kind, change.Kind} {
		if of == scope.NodeList {
			continue
		}
		var nodes []byte
		for s := wire.Scan(lists[n]); s.Next(); {
			if !s.Is(1) {
				continue
			}
			name, err := t.Names.Leading(s.Data)
			if err != nil {
				return 0, nil, nil, fmt.Errorf("collection %q: %w", key, err)
			}
			nodes = appendValue(nodes, name)
		}
		lists[n] = nodes
	}
	return scope.NodeList, lists[0], lists[1], nil
}
