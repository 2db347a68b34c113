package rewrite

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// build writes the result. It writes the fields of MetaGraphDef in order, and in each field the base's part before the
// imported one.
func (i *importer) build() (*wire.Rope, error) {
	if !i.into {
		return i.rename()
	}
	var b wire.Builder
	if err := i.mergeInfo(&b); err != nil {
		return nil, err
	}
	if err := i.mergeGraphs(&b); err != nil {
		return nil, err
	}
	for _, step := range []func(*wire.Builder) error{i.mergeSavers, i.mergeCollections, i.mergeSignatures, i.mergeAssets, i.mergeObjects} {
		if err := step(&b); err != nil {
			return nil, err
		}
	}
	// Unknown fields are concatenated, as protobuf merges them.
	for _, m := range []*wire.MetaGraph{i.base.MetaGraph, i.in.MetaGraph} {
		for _, f := range m.Fields {
			if f.Num > fieldnum.MetaGraphDef_ObjectGraphDef || f.Type != protowire.BytesType {
				b.Field(f)
			}
		}
	}
	return b.Build(), nil
}

// mergeInfo appends the MetaInfoDef. It is the base's, with both op lists united, or the imported one if the base has
// none.
func (i *importer) mergeInfo(b *wire.Builder) error {
	own, hasOwn := i.in.Message(fieldnum.MetaGraphDef_MetaInfoDef)
	info, has := i.base.Message(fieldnum.MetaGraphDef_MetaInfoDef)
	if !has || !hasOwn {
		copyField(b, i.base.MetaGraph, fieldnum.MetaGraphDef_MetaInfoDef)
		if !has {
			copyField(b, i.in.MetaGraph, fieldnum.MetaGraphDef_MetaInfoDef)
		}
		return nil
	}
	list := uniteOpLists(i.base.ops, i.in.ops)
	stripped := wire.LastUint(own, fieldnum.MetaGraphDef_MetaInfoDef_StrippedDefaultAttrs) != 0 &&
		wire.LastUint(info, fieldnum.MetaGraphDef_MetaInfoDef_StrippedDefaultAttrs) == 0
	aliases := make(map[string]bool)
	var err error
	b.Message(fieldnum.MetaGraphDef_MetaInfoDef, func() {
		wrote := false
		s := wire.Scan(info)
		for s.Next() {
			switch {
			case s.Is(fieldnum.MetaGraphDef_MetaInfoDef_StrippedOpList):
				if !wrote {
					b.Message(fieldnum.MetaGraphDef_MetaInfoDef_StrippedOpList, func() { b.Append(list) })
				}
				wrote = true
				continue
			case s.Is(fieldnum.MetaGraphDef_MetaInfoDef_FunctionAliases):
				aliases[string(wire.Last(s.Data, fieldnum.MapEntry_Key))] = true
			case s.Num == fieldnum.MetaGraphDef_MetaInfoDef_StrippedDefaultAttrs && stripped:
				continue
			}
			b.Window(s.Raw)
		}
		if err = s.Err(); err != nil {
			return
		}
		if !wrote && list.Size() > 0 {
			b.Message(fieldnum.MetaGraphDef_MetaInfoDef_StrippedOpList, func() { b.Append(list) })
		}
		if stripped {
			b.Varint(fieldnum.MetaGraphDef_MetaInfoDef_StrippedDefaultAttrs, 1)
		}
		s = wire.Scan(own)
		for s.Next() {
			if s.Is(fieldnum.MetaGraphDef_MetaInfoDef_FunctionAliases) && !aliases[string(wire.Last(s.Data, fieldnum.MapEntry_Key))] {
				b.Window(s.Raw)
			}
		}
		err = s.Err()
	})
	return err
}

// mergeGraphs appends the merged GraphDef.
func (i *importer) mergeGraphs(b *wire.Builder) (err error) {
	_, has := i.base.Message(fieldnum.MetaGraphDef_GraphDef)
	if _, hasOwn := i.in.Message(fieldnum.MetaGraphDef_GraphDef); !has && !hasOwn {
		return nil
	}
	b.Message(fieldnum.MetaGraphDef_GraphDef, func() {
		for _, nodes := range i.base.survey.fields {
			b.Window(nodes)
		}
		err = i.rewriter.Graph(b, i.in.Graph(), func(wire.Field) error { return nil })
		if err == nil {
			err = i.appendLibraries(b)
		}
		if err != nil {
			return
		}
		appendFields(b, i.base.survey.rest, fieldnum.GraphDef_Version)
		i.appendVersions(b)
		err = i.appendDebugInfo(b)
		for s := wire.Scan(i.base.survey.rest); s.Next(); {
			if s.Num > fieldnum.GraphDef_DebugInfo {
				b.Window(s.Raw)
			}
		}
	})
	return err
}

// appendVersions appends the versions that suit both graphs: the older producer, the newer min_consumer and all
// bad_consumers (GraphConstructor::UpdateVersionDef in tensorflow/core/common_runtime/graph_constructor.cc). It ignores
// the versions of a base without nodes.
func (i *importer) appendVersions(b *wire.Builder) {
	own, hasOwn := i.in.survey.rest.Versions()
	base, has := i.base.survey.rest.Versions()
	if !hasOwn && !has {
		return
	}
	if i.report.BaseNodes == 0 {
		b.Bytes(fieldnum.GraphDef_Versions, own)
		return
	}
	producer := min(wire.LastUint(own, fieldnum.VersionDef_Producer), wire.LastUint(base, fieldnum.VersionDef_Producer))
	consumer := max(wire.LastUint(own, fieldnum.VersionDef_MinConsumer), wire.LastUint(base, fieldnum.VersionDef_MinConsumer))
	var bad []uint64
	listed := make(map[uint64]bool)
	add := func(versions []byte) {
		for v := range wire.Varints(versions, fieldnum.VersionDef_BadConsumers) {
			if !listed[v] {
				listed[v] = true
				bad = append(bad, v)
			}
		}
	}
	add(base)
	known := len(bad)
	add(own)
	if producer == wire.LastUint(base, fieldnum.VersionDef_Producer) && consumer == wire.LastUint(base, fieldnum.VersionDef_MinConsumer) &&
		len(bad) == known {
		appendFields(b, i.base.survey.rest, fieldnum.GraphDef_Versions)
		return
	}
	b.Message(fieldnum.GraphDef_Versions, func() {
		for _, v := range []struct {
			num   protowire.Number
			value uint64
		}{{fieldnum.VersionDef_Producer, producer}, {fieldnum.VersionDef_MinConsumer, consumer}} {
			if v.value != 0 {
				b.Varint(v.num, v.value)
			}
		}
		if len(bad) > 0 {
			var packed []byte
			for _, v := range bad {
				packed = protowire.AppendVarint(packed, v)
			}
			b.Bytes(fieldnum.VersionDef_BadConsumers, packed)
		}
	})
}

// appendDebugInfo appends the debug info of both graphs.
func (i *importer) appendDebugInfo(b *wire.Builder) error {
	own, has := wire.Merged(i.in.survey.rest, fieldnum.GraphDef_DebugInfo)
	if !has {
		appendFields(b, i.base.survey.rest, fieldnum.GraphDef_DebugInfo)
		return nil
	}
	base, _ := wire.Merged(i.base.survey.rest, fieldnum.GraphDef_DebugInfo)
	renamed, err := i.plan.DebugInfo(nil, own)
	if err != nil {
		return fmt.Errorf("debug_info: %w", err)
	}
	followed, err := scope.FollowDebugInfo(nil, base, renamed)
	if err != nil {
		return fmt.Errorf("debug_info: %w", err)
	}
	b.Message(fieldnum.GraphDef_DebugInfo, func() {
		b.Window(base)
		b.Window(followed)
	})
	return nil
}

// mergeSavers appends the base's SaverDef, or the imported one if the base has none.
func (i *importer) mergeSavers(b *wire.Builder) error {
	if _, ok := i.base.Message(fieldnum.MetaGraphDef_SaverDef); ok {
		i.report.Saver = "base"
		copyField(b, i.base.MetaGraph, fieldnum.MetaGraphDef_SaverDef)
		return nil
	}
	saver, ok := i.in.Message(fieldnum.MetaGraphDef_SaverDef)
	if !ok {
		return nil
	}
	i.report.Saver = "imported"
	changed, err := i.tensorMessage(saver, "tensorflow.SaverDef")
	b.Bytes(fieldnum.MetaGraphDef_SaverDef, changed)
	return err
}

// mergeSignatures appends the signatures of both files. It renames an imported signature whose key is taken.
func (i *importer) mergeSignatures(b *wire.Builder) error {
	taken := entryKeys(i.in.MetaGraph, fieldnum.MetaGraphDef_SignatureDef)
	base := entryKeys(i.base.MetaGraph, fieldnum.MetaGraphDef_SignatureDef)
	copyField(b, i.base.MetaGraph, fieldnum.MetaGraphDef_SignatureDef)
	for raw, value := range i.in.Entries(fieldnum.MetaGraphDef_SignatureDef) {
		key := string(raw)
		if base[key] {
			to := scope.Unique(key, func(s string) bool { return base[s] || taken[s] })
			taken[to] = true
			i.report.Signatures = append(i.report.Signatures, Rename{key, to})
			key = to
		}
		changed, err := i.signature(value)
		if err != nil {
			return fmt.Errorf("signature %q: %w", key, err)
		}
		writeEntry(b, fieldnum.MetaGraphDef_SignatureDef, []byte(key), changed)
	}
	return nil
}

// mergeAssets appends the assets of both files.
func (i *importer) mergeAssets(b *wire.Builder) error {
	copyField(b, i.base.MetaGraph, fieldnum.MetaGraphDef_AssetFileDef)
	for asset := range i.in.All(fieldnum.MetaGraphDef_AssetFileDef) {
		changed, err := i.tensorMessage(asset, "tensorflow.AssetFileDef")
		if err != nil {
			return fmt.Errorf("asset_file_def: %w", err)
		}
		b.Bytes(fieldnum.MetaGraphDef_AssetFileDef, changed)
	}
	return nil
}

// mergeObjects appends the base's object graph, or the imported one if the base has none. The asset indexes of an
// imported one are shifted past the base's assets.
func (i *importer) mergeObjects(b *wire.Builder) error {
	objects, ok := i.in.Message(fieldnum.MetaGraphDef_ObjectGraphDef)
	if _, has := i.base.Message(fieldnum.MetaGraphDef_ObjectGraphDef); has {
		i.report.ObjectsLost = ok
		copyField(b, i.base.MetaGraph, fieldnum.MetaGraphDef_ObjectGraphDef)
		return nil
	}
	if !ok {
		return nil
	}
	changed, err := i.message(objects, "tensorflow.SavedObjectGraph")
	if err != nil {
		return fmt.Errorf("object_graph_def: %w", err)
	}
	assets := 0
	for range i.base.All(fieldnum.MetaGraphDef_AssetFileDef) {
		assets++
	}
	if assets == 0 {
		b.Bytes(fieldnum.MetaGraphDef_ObjectGraphDef, changed)
		return nil
	}
	b.Message(fieldnum.MetaGraphDef_ObjectGraphDef, func() { err = shiftAssets(b, changed, uint64(assets)) })
	return err
}

// shiftAssets appends the fields of a SavedObjectGraph and adds n to each asset index.
func shiftAssets(b *wire.Builder, objects []byte, n uint64) error {
	s := wire.Scan(objects)
	for s.Next() {
		asset, ok := wire.Merged(s.Data, fieldnum.SavedObject_Asset)
		if !s.Is(fieldnum.SavedObjectGraph_Nodes) || !ok {
			b.Window(s.Raw)
			continue
		}
		b.Message(fieldnum.SavedObjectGraph_Nodes, func() {
			for object := wire.Scan(s.Data); object.Next(); {
				if !object.Is(fieldnum.SavedObject_Asset) {
					b.Window(object.Raw)
				}
			}
			b.Message(fieldnum.SavedObject_Asset, func() {
				b.Varint(fieldnum.SavedAsset_AssetFileDefIndex, wire.LastUint(asset, fieldnum.SavedAsset_AssetFileDefIndex)+n)
				for f := wire.Scan(asset); f.Next(); {
					if f.Num != fieldnum.SavedAsset_AssetFileDefIndex {
						b.Window(f.Raw)
					}
				}
			})
		})
	}
	return s.Err()
}

// message returns a message outside the collections, with its names changed.
func (i *importer) message(message []byte, typ string) ([]byte, error) {
	return i.plan.Message(nil, message, i.o.Registry.NamesOf(protoreflect.FullName(typ)))
}
