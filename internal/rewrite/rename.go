package rewrite

import (
	"fmt"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// rename writes the result of an import without a base: the fields of in, in order, with their names changed.
func (i *importer) rename() (*wire.Rope, error) {
	collections := lastEntries(i.in.MetaGraph, fieldnum.MetaGraphDef_CollectionDef)
	var b wire.Builder
	for n, f := range i.in.Fields {
		var err error
		switch {
		case f.Is(fieldnum.MetaGraphDef_GraphDef):
			err = i.renameGraph(&b, f)
		case f.Is(fieldnum.MetaGraphDef_CollectionDef):
			if collections[n] {
				err = i.renameCollection(&b, f)
			}
		case i.plan.Nothing():
			b.Field(f)
		case f.Is(fieldnum.MetaGraphDef_SaverDef):
			err = i.renameMessage(&b, f, "tensorflow.SaverDef")
		case f.Is(fieldnum.MetaGraphDef_SignatureDef):
			key, value := wire.MapEntry(f.Data)
			var changed []byte
			if changed, err = i.message(value, "tensorflow.SignatureDef"); err == nil {
				writeEntry(&b, f.Num, key, changed)
			}
		case f.Is(fieldnum.MetaGraphDef_AssetFileDef):
			err = i.renameMessage(&b, f, "tensorflow.AssetFileDef")
		case f.Is(fieldnum.MetaGraphDef_ObjectGraphDef):
			err = i.renameMessage(&b, f, "tensorflow.SavedObjectGraph")
		default:
			b.Field(f)
		}
		if err != nil {
			return nil, err
		}
		if f.Is(fieldnum.MetaGraphDef_SaverDef) {
			i.report.Saver = "imported"
		}
	}
	return b.Build(), nil
}

// renameMessage appends a message field outside the collections, with its names changed.
func (i *importer) renameMessage(b *wire.Builder, f wire.Field, typ string) error {
	changed, err := i.message(f.Data, typ)
	if err != nil {
		return fmt.Errorf("%s: %w", typ, err)
	}
	b.Bytes(f.Num, changed)
	return nil
}

// renameGraph appends the GraphDef of an import without a base.
func (i *importer) renameGraph(b *wire.Builder, f wire.Field) error {
	if i.plan.Nothing() && !i.o.ClearDevices {
		i.rewriter.Done.Nodes = i.in.survey.nodes
		b.Field(f)
		return nil
	}
	return appendGraph(b, f, i.rewriter)
}

// renameCollection appends a collection of an import without a base, if it is imported.
func (i *importer) renameCollection(b *wire.Builder, f wire.Field) error {
	raw, value := wire.MapEntry(f.Data)
	key := string(raw)
	if !i.restores(key) {
		return nil
	}
	t, _ := i.o.Registry.Lookup(key)
	change, err := i.plan.Collection(value, t)
	if err != nil {
		return err
	}
	i.noteOldNames(key, value)
	i.report.Collections = append(i.report.Collections, key)
	writeChanged(b, f, key, change)
	return nil
}

// restores reports whether a collection is imported. It adds an excluded one to the report.
func (i *importer) restores(key string) bool {
	if key == i.o.UnboundInputs && key != "" {
		return false
	}
	if len(i.o.Collections) > 0 && !matchesAny(i.o.Collections, key) {
		i.report.Skipped = append(i.report.Skipped, key)
		return false
	}
	return true
}
