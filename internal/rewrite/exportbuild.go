package rewrite

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// build writes the copy, with the fields in the order of the original. A new field follows the last field with a smaller
// or equal number.
func (e *exporter) build() (*wire.Rope, error) {
	var b wire.Builder
	collections := lastEntries(e.m, fieldnum.MetaGraphDef_CollectionDef)
	signatures := lastEntries(e.m, fieldnum.MetaGraphDef_SignatureDef)
	added := e.additions()
	for at := -1; at < len(e.m.Fields); at++ {
		if at >= 0 {
			f := e.m.Fields[at]
			live := !f.Is(fieldnum.MetaGraphDef_CollectionDef) && !f.Is(fieldnum.MetaGraphDef_SignatureDef) || collections[at] || signatures[at]
			if err := e.field(&b, f, live); err != nil {
				return nil, err
			}
		}
		for _, add := range added[at] {
			add(&b)
		}
	}
	return b.Build(), nil
}

// additions returns what to append after the field at each index; -1 is the position before the first field. It covers
// everything that no field of the original holds.
func (e *exporter) additions() map[int][]func(*wire.Builder) {
	out := make(map[int][]func(*wire.Builder))
	after := func(num protowire.Number, add func(*wire.Builder)) {
		last := -1
		for i, f := range e.m.Fields {
			if f.Num <= num {
				last = i
			}
		}
		out[last] = append(out[last], add)
	}
	if _, ok := e.m.Message(fieldnum.MetaGraphDef_MetaInfoDef); !ok && (e.strip != nil || e.o.Tags != nil) {
		after(fieldnum.MetaGraphDef_MetaInfoDef, func(b *wire.Builder) { b.Message(fieldnum.MetaGraphDef_MetaInfoDef, func() { e.newInfo(b) }) })
	}
	if _, ok := e.m.Message(fieldnum.MetaGraphDef_SaverDef); !ok && e.parts.saver != nil {
		after(fieldnum.MetaGraphDef_SaverDef, func(b *wire.Builder) { b.Bytes(fieldnum.MetaGraphDef_SaverDef, e.parts.saver) })
	}
	for _, collection := range e.parts.nodeLists {
		after(fieldnum.MetaGraphDef_CollectionDef, func(b *wire.Builder) {
			writeCollection(b, collection.key, fieldnum.CollectionDef_NodeList, appendValues(collection.nodes))
		})
	}
	for _, asset := range e.parts.assets {
		after(fieldnum.MetaGraphDef_AssetFileDef, func(b *wire.Builder) {
			b.Message(fieldnum.MetaGraphDef_AssetFileDef, func() {
				b.Message(fieldnum.AssetFileDef_TensorInfo, func() { b.String(fieldnum.TensorInfo_Name, asset.Tensor) })
				b.String(fieldnum.AssetFileDef_Filename, asset.Filename)
			})
		})
	}
	// The unbound inputs get a separate collection. They are known once the graph is written.
	after(fieldnum.MetaGraphDef_CollectionDef, e.unbound)
	if key := e.report.Signature; key != "" {
		after(fieldnum.MetaGraphDef_SignatureDef, func(b *wire.Builder) {
			writeEntry(b, fieldnum.MetaGraphDef_SignatureDef, []byte(key), e.parts.signatures[key])
		})
	}
	return out
}

// replaced reports whether a new part takes the place of a field, or nothing does.
func (e *exporter) replaced(f wire.Field) bool {
	switch {
	case f.Is(fieldnum.MetaGraphDef_CollectionDef):
		key, _ := wire.MapEntry(f.Data)
		return e.parts.collections[string(key)]
	case f.Is(fieldnum.MetaGraphDef_SignatureDef):
		key, _ := wire.MapEntry(f.Data)
		_, is := e.parts.signatures[string(key)]
		return is
	case f.Is(fieldnum.MetaGraphDef_AssetFileDef):
		return e.parts.assets != nil
	}
	return false
}

// field appends the new form of a field. The argument live is false for a map entry that a later entry overrides.
func (e *exporter) field(b *wire.Builder, f wire.Field, live bool) error {
	switch {
	case e.replaced(f):
	case f.Is(fieldnum.MetaGraphDef_MetaInfoDef):
		return e.metaInfo(b, f)
	case f.Is(fieldnum.MetaGraphDef_GraphDef):
		return e.graph(b, f)
	case f.Is(fieldnum.MetaGraphDef_SaverDef):
		e.saverField(b, f)
	case f.Is(fieldnum.MetaGraphDef_CollectionDef):
		if live {
			return e.collection(b, f)
		}
	case f.Is(fieldnum.MetaGraphDef_SignatureDef):
		if live {
			return e.signature(b, f)
		}
	case f.Is(fieldnum.MetaGraphDef_AssetFileDef):
		return e.asset(b, f)
	case f.Is(fieldnum.MetaGraphDef_ObjectGraphDef):
		return e.objects(b, f)
	default:
		b.Field(f)
	}
	return nil
}

// newInfo appends the fields of the MetaInfoDef that the options set.
func (e *exporter) newInfo(b *wire.Builder) {
	for _, tag := range e.o.Tags {
		b.String(fieldnum.MetaGraphDef_MetaInfoDef_Tags, tag)
	}
	if e.strip != nil {
		b.Varint(fieldnum.MetaGraphDef_MetaInfoDef_StrippedDefaultAttrs, 1)
	}
}

// metaInfo appends the MetaInfoDef, with its op list reduced to the used ops.
func (e *exporter) metaInfo(b *wire.Builder, f wire.Field) error {
	if e.used == nil && e.strip == nil && e.o.Tags == nil {
		b.Field(f)
		return nil
	}
	var inner wire.Builder
	changed := e.strip != nil || e.o.Tags != nil
	s := wire.Scan(f.Data)
	for s.Next() {
		switch {
		case s.Is(fieldnum.MetaGraphDef_MetaInfoDef_StrippedOpList) && e.used != nil:
			gone, added, err := cutOpList(&inner, s.Field, e.used, e.newOps)
			if err != nil {
				return err
			}
			e.report.OpsDropped += gone
			changed = changed || gone+added > 0
		case s.Num == fieldnum.MetaGraphDef_MetaInfoDef_StrippedDefaultAttrs && s.Type == protowire.VarintType && e.strip != nil:
			// newInfo sets it below.
		case s.Is(fieldnum.MetaGraphDef_MetaInfoDef_Tags) && e.o.Tags != nil:
			// newInfo sets them below.
		default:
			inner.Window(s.Raw)
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if !changed {
		b.Field(f)
		return nil
	}
	e.newInfo(&inner)
	b.Message(f.Num, func() { b.Append(inner.Build()) })
	return nil
}

// graph appends the GraphDef.
func (e *exporter) graph(b *wire.Builder, f wire.Field) error {
	if e.plan.Nothing() && !e.o.ClearDevices && e.strip == nil && e.graphPlan == nil && len(e.o.DropAttrs) == 0 {
		// The survey checks for damage.
		v, err := surveyOf(f.Data, false, "")
		if err != nil {
			return err
		}
		e.report.Nodes, e.report.OfNodes = v.nodes, v.nodes
		b.Field(f)
		return nil
	}
	err := appendGraph(b, f, e.rewriter)
	done := &e.rewriter.Done
	e.report.Nodes, e.report.OfNodes = done.Kept, done.Nodes
	e.report.Cleared, e.report.UnboundInputs = done.Cleared, done.Unbound
	e.report.Added, e.report.FunctionsDropped = done.Added, done.Functions
	for _, n := range done.Dropped {
		e.report.Attrs += n
	}
	e.countDropped(f.Data, done.Dropped)
	return err
}

// saverField appends the SaverDef, if it is kept.
func (e *exporter) saverField(b *wire.Builder, f wire.Field) {
	switch {
	case e.report.Saver != "kept" && e.report.Saver != "cut":
	case e.plan.Nothing():
		b.Field(f)
	default:
		b.Bytes(f.Num, e.saver)
	}
}

// collection appends a collection, unless it is excluded or nothing of it remains.
func (e *exporter) collection(b *wire.Builder, f wire.Field) error {
	raw, value := wire.MapEntry(f.Data)
	key := string(raw)
	if !e.wanted(key) || e.o.Scope != "" && key == e.o.UnboundInputs {
		if key != e.o.UnboundInputs {
			e.report.Dropped = append(e.report.Dropped, key)
		}
		return nil
	}
	if key == scope.SaversKey && e.savers != nil {
		if e.report.Saver == "kept" {
			writeCollection(b, key, fieldnum.CollectionDef_BytesList, appendValue(nil, e.saver))
			e.report.Collections = append(e.report.Collections, key)
		} else {
			e.report.Dropped = append(e.report.Dropped, key)
		}
		return nil
	}
	t, _ := e.o.Registry.Lookup(key)
	change, err := e.plan.Collection(value, t)
	if err != nil {
		return err
	}
	if change.Removed > 0 && change.Kept == 0 {
		e.report.Dropped = append(e.report.Dropped, key)
		return nil
	}
	e.report.Entries += change.Removed
	e.report.DanglingEntries += change.Dangling
	e.report.Collections = append(e.report.Collections, key)
	if e.o.Registry.HasOldNames(e.plan, value) {
		e.report.OldNames = append(e.report.OldNames, key)
	}
	writeChanged(b, f, key, change)
	return nil
}

// unbound appends the collection that lists the unbound inputs.
func (e *exporter) unbound(b *wire.Builder) {
	key := e.o.UnboundInputs
	if key == "" || len(e.rewriter.Done.Unbound) == 0 || !e.wanted(key) {
		return
	}
	writeCollection(b, key, fieldnum.CollectionDef_BytesList, appendValues(e.rewriter.Done.Unbound))
	e.report.UnboundListed = true
	e.report.Collections = append(e.report.Collections, key)
}

// signature appends a signature, if all its tensors are kept.
func (e *exporter) signature(b *wire.Builder, f wire.Field) error {
	if e.plan.Nothing() && len(e.o.Values)+len(e.o.Shapes) == 0 {
		b.Field(f)
		return nil
	}
	key, value := wire.MapEntry(f.Data)
	changed, keep, err := e.o.Registry.Signature(e.plan, e.o.withoutConstants(value))
	if err != nil {
		return fmt.Errorf("signature %q: %w", key, err)
	}
	if !keep {
		e.report.Signatures = append(e.report.Signatures, string(key))
		return nil
	}
	if e.o.SavedModel || e.o.Freeze || len(e.o.Shapes) > 0 {
		changed = e.parts.signature(changed)
	}
	writeEntry(b, f.Num, key, changed)
	return nil
}

// keepsAssets reports whether all assets of the file are kept. The object graph refers to them by number.
func (e *exporter) keepsAssets() bool {
	for _, f := range e.m.Fields {
		if !f.Is(fieldnum.MetaGraphDef_AssetFileDef) {
			continue
		}
		if _, keep, err := e.o.Registry.Asset(e.plan, f.Data); !keep || err != nil {
			return false
		}
	}
	return true
}

// asset appends an asset, if its tensor is kept.
func (e *exporter) asset(b *wire.Builder, f wire.Field) error {
	if e.plan.Nothing() {
		b.Field(f)
		return nil
	}
	changed, keep, err := e.o.Registry.Asset(e.plan, f.Data)
	if err != nil {
		return fmt.Errorf("asset_file_def: %w", err)
	}
	if keep {
		b.Bytes(f.Num, changed)
	} else {
		e.report.Assets++
	}
	return nil
}

// objects appends the object graph, if all its nodes and assets are kept.
func (e *exporter) objects(b *wire.Builder, f wire.Field) error {
	switch {
	case e.parts.objects:
		e.report.Objects = true
		return nil
	case e.plan.Nothing():
		b.Field(f)
		return nil
	}
	changed, keep, err := e.o.Registry.Objects(e.plan, f.Data)
	if err != nil {
		return fmt.Errorf("object_graph_def: %w", err)
	}
	if keep && e.keepsAssets() {
		b.Bytes(f.Num, changed)
	} else {
		e.report.Objects = true
	}
	return nil
}
