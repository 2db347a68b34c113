package rewrite

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// build puts the copy together, field by field in the order of the original.
func (e *exporter) build() (*wire.Rope, error) {
	// The list of unbound inputs is a collection of its own, and known when the graph has been walked.
	last := -1
	for i, f := range e.m.Fields {
		if f.Num <= wire.CollectionDef {
			last = i
		}
	}
	var b wire.Builder
	collections := lastEntries(e.m, wire.CollectionDef)
	signatures := lastEntries(e.m, wire.SignatureDef)
	e.findAssets()
	for i, f := range e.m.Fields {
		var err error
		switch {
		case f.Is(wire.MetaInfoDef):
			err = e.metaInfo(&b, f)
		case f.Is(wire.GraphDef):
			err = e.graph(&b, f)
		case f.Is(wire.SaverDef):
			e.saverField(&b, f)
		case f.Is(wire.CollectionDef):
			if collections[i] {
				err = e.collection(&b, f)
			}
		case f.Is(wire.SignatureDef):
			if signatures[i] {
				err = e.signature(&b, f)
			}
		case f.Is(wire.AssetFileDef):
			err = e.asset(&b, f)
		case f.Is(wire.ObjectGraphDef):
			err = e.objects(&b, f)
		default:
			b.Field(f)
		}
		if err != nil {
			return nil, err
		}
		if i == last {
			e.unbound(&b)
		}
	}
	if e.strip != nil {
		if _, ok := e.m.Message(wire.MetaInfoDef); !ok {
			b.Message(wire.MetaInfoDef, func() { b.Varint(wire.InfoStrippedDefaults, 1) })
		}
	}
	return b.Build(), nil
}

// metaInfo appends the MetaInfoDef, its op list cut to what is used.
func (e *exporter) metaInfo(b *wire.Builder, f wire.Field) error {
	if e.used == nil && e.strip == nil {
		b.Field(f)
		return nil
	}
	var inner wire.Builder
	s := wire.Scan(f.Data)
	for s.Next() {
		switch {
		case s.Is(wire.InfoStrippedOpList) && e.used != nil:
			gone, err := cutOpList(&inner, s.Field, e.used)
			if err != nil {
				return err
			}
			e.report.OpsDropped += gone
		case s.Num == wire.InfoStrippedDefaults && s.Type == protowire.VarintType && e.strip != nil:
			// It is set below.
		default:
			inner.Window(s.Raw)
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if e.strip != nil {
		inner.Varint(wire.InfoStrippedDefaults, 1)
	} else if e.report.OpsDropped == 0 {
		b.Field(f)
		return nil
	}
	b.Message(f.Num, func() { b.Append(inner.Build()) })
	return nil
}

// graph appends the GraphDef.
func (e *exporter) graph(b *wire.Builder, f wire.Field) error {
	if e.plan.Nothing() && !e.o.ClearDevices && e.strip == nil {
		// A survey finds damage on its way.
		v, err := surveyOf(f.Data, false)
		if err != nil {
			return err
		}
		e.report.Nodes, e.report.OfNodes = v.nodes, v.nodes
		b.Field(f)
		return nil
	}
	err := graph(b, f, e.pass)
	e.report.Nodes, e.report.OfNodes = e.pass.Kept, e.pass.Nodes
	e.report.Cleared, e.report.Attrs = e.pass.Cleared, e.pass.Dropped
	e.report.UnboundInputs = e.pass.Unbound
	return err
}

// saverField appends the SaverDef, where it stays.
func (e *exporter) saverField(b *wire.Builder, f wire.Field) {
	switch {
	case e.report.Saver != "kept":
	case e.plan.Nothing():
		b.Field(f)
	default:
		b.Bytes(f.Num, e.saver)
	}
}

// collection appends a collection, where anything of it stays.
func (e *exporter) collection(b *wire.Builder, f wire.Field) error {
	raw, value := wire.MapEntry(f.Data)
	key := string(raw)
	if !e.wanted(key) || e.o.Scope != "" && key == e.o.UnboundInputs {
		if key != e.o.UnboundInputs {
			e.report.Dropped = append(e.report.Dropped, key)
		}
		return nil
	}
	if key == "savers" && e.savers != nil {
		if e.report.Saver == "kept" {
			writeCollection(b, key, scope.BytesList, appendValue(nil, e.saver))
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
	if change.Gone > 0 && change.Kept == 0 {
		e.report.Dropped = append(e.report.Dropped, key)
		return nil
	}
	e.report.Entries += change.Gone
	e.report.Torn += change.Torn
	e.report.Collections = append(e.report.Collections, key)
	if e.o.Registry.Stale(e.plan, value) {
		e.report.Stale = append(e.report.Stale, key)
	}
	if change.Same {
		b.Field(f)
	} else {
		writeCollection(b, key, change.Kind, change.List)
	}
	return nil
}

// unbound appends the collection that lists the unbound inputs.
func (e *exporter) unbound(b *wire.Builder) {
	key := e.o.UnboundInputs
	if key == "" || len(e.pass.Unbound) == 0 || !e.wanted(key) {
		return
	}
	var list []byte
	for _, input := range e.pass.Unbound {
		list = appendValue(list, []byte(input))
	}
	writeCollection(b, key, scope.BytesList, list)
	e.report.UnboundListed = true
	e.report.Collections = append(e.report.Collections, key)
}

// signature appends a signature, where all its tensors stay.
func (e *exporter) signature(b *wire.Builder, f wire.Field) error {
	if e.plan.Nothing() {
		b.Field(f)
		return nil
	}
	key, value := wire.MapEntry(f.Data)
	changed, keep, err := e.o.Registry.Signature(e.plan, value)
	if err != nil {
		return fmt.Errorf("signature %q: %w", key, err)
	}
	if !keep {
		e.report.Signatures = append(e.report.Signatures, string(key))
		return nil
	}
	writeEntry(b, f.Num, key, changed)
	return nil
}

// findAssets finds which assets stay.
func (e *exporter) findAssets() {
	for _, f := range e.m.Fields {
		if f.Is(wire.AssetFileDef) {
			_, keep, err := e.o.Registry.Asset(e.plan, f.Data)
			e.assets = append(e.assets, keep && err == nil)
		}
	}
}

// asset appends an asset, where its tensor stays.
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

// objects appends the object graph, where all the nodes and assets that it is about stay.
func (e *exporter) objects(b *wire.Builder, f wire.Field) error {
	if e.plan.Nothing() {
		b.Field(f)
		return nil
	}
	changed, keep, err := e.o.Registry.Objects(e.plan, f.Data)
	if err != nil {
		return fmt.Errorf("object_graph_def: %w", err)
	}
	if keep && !slices.Contains(e.assets, false) {
		b.Bytes(f.Num, changed)
	} else {
		e.report.Objects = true
	}
	return nil
}
