package rewrite

import (
	"maps"
	"slices"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// checkCollections reports patterns that match no collection, and collections whose kind of list differs between the two
// graphs. TensorFlow's importer cannot merge such lists: it reads a collection either as a list of nodes or as a list of
// protos (import_scoped_meta_graph_with_return_elements in tensorflow/python/framework/meta_graph.py).
func (i *importer) checkCollections() error {
	own := entryKeys(i.in.MetaGraph, fieldnum.MetaGraphDef_CollectionDef)
	if missing := unused(i.o.Collections, own); len(missing) > 0 {
		keys := slices.Sorted(maps.Keys(own))
		for _, pattern := range missing {
			i.conflicts.About(CollectionsArgument, draft.Suggest(pattern, keys), "no collection matches %q", pattern)
		}
	}
	base := make(map[string][]byte)
	for key, value := range i.base.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		base[string(key)] = value
	}
	for raw, value := range i.in.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		key := string(raw)
		if key == i.o.UnboundInputs || len(i.o.Collections) > 0 && !matchesAny(i.o.Collections, key) {
			continue
		}
		kind, list := scope.KindOf(value)
		other, has := base[key]
		baseKind, baseList := scope.KindOf(other)
		if !has || kind == baseKind || len(list) == 0 || len(baseList) == 0 {
			continue
		}
		i.conflicts.Of(ErrCollectionKinds, "collection %q has kind %s in the imported graph, but kind %s in the base", key, scope.CollectionKinds[kind], scope.CollectionKinds[baseKind])
	}
	return nil
}

// mergeCollections appends the collections of both files. The entries of the base come first.
func (i *importer) mergeCollections(b *wire.Builder) error {
	imported := make(map[string]scope.CollectionChange)
	var order []string
	for raw, value := range i.in.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		key := string(raw)
		if !i.restores(key) {
			continue
		}
		t, _ := i.o.Registry.Lookup(key)
		plan := i.plan
		if key == scope.AssetFilepathsKey {
			plan = i.tensorPlan()
		}
		change, err := plan.Collection(value, t)
		if err == nil && i.into {
			err = t.Check(value) // the next import into the result may have to rename
		}
		if err != nil {
			return err
		}
		i.noteOldNames(key, value)
		imported[key] = change
		order = append(order, key)
		i.report.Collections = append(i.report.Collections, key)
	}
	fields := lastEntries(i.base.MetaGraph, fieldnum.MetaGraphDef_CollectionDef)
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
