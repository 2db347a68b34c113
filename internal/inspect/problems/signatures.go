package problems

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// findInSignatures checks signatures and assets, which the import does not read.
func (f *problemFinder) findInSignatures() {
	for key, raw := range f.m.Entries(fieldnum.MetaGraphDef_SignatureDef) {
		s := new(tfpb.SignatureDef)
		if err := schema.Unmarshal(raw, s); err != nil {
			continue // findDamage reports it
		}
		if s.GetMethodName() == "" && !strings.HasPrefix(string(key), savedModelKeys) {
			f.found.add(missingMethodName, "", fixed("signature "+shown(key)), fixed("has no method_name"))
		}
		f.checkTensorInfos(string(key), "input", s.GetInputs())
		f.checkTensorInfos(string(key), "output", s.GetOutputs())
	}
	assets := int64(0)
	for raw := range f.m.All(fieldnum.MetaGraphDef_AssetFileDef) {
		assets++
		asset := new(tfpb.AssetFileDef)
		if err := schema.Unmarshal(raw, asset); err != nil {
			continue
		}
		if asset.GetFilename() == "" {
			f.found.add(unlistedAssets, "", fixed("asset_file_def"), fixed("an entry of asset_file_def has no filename"))
		}
		f.names(missingAssetTensor, fixed("asset "+shown(asset.GetFilename())), "tensor_info.name", asset.GetTensorInfo().GetName())
	}
	f.findMissingAssets(assets)
}

// savedModelKeys is the prefix of the keys of signatures that contain an init op and are never served
// (tensorflow/python/saved_model/constants.py).
const savedModelKeys = "__saved_model"

// findMissingAssets compares the asset indexes of a SavedModel with the length of asset_file_def.
func (f *problemFinder) findMissingAssets(assets int64) {
	objects, _ := f.m.Message(fieldnum.MetaGraphDef_ObjectGraphDef)
	for object := range wire.All(objects, fieldnum.SavedObjectGraph_Nodes) {
		asset, ok := wire.Merged(object, fieldnum.SavedObject_Asset)
		if index := int64(wire.LastUint(asset, fieldnum.SavedAsset_AssetFileDefIndex)); ok && index >= assets {
			f.found.add(missingObjectAsset, "", fixed("object_graph_def"), fixed(fmt.Sprintf("an asset is entry %d of asset_file_def, which has %d entries", index, assets)))
		}
	}
	_, older := f.m.Collection(scope.AssetsKey)
	if paths, ok := f.m.Collection(scope.AssetFilepathsKey); ok && assets == 0 && !older && len(f.m.Tags()) > 0 {
		if _, list := scope.KindOf(paths); len(list) > 0 {
			f.found.add(unlistedAssets, "", fixed("collection asset_filepaths"), fixed("lists assets, but asset_file_def is empty"))
		}
	}
}

// findInTags reports a tag that was split into letters, as list("serve") does.
func (f *problemFinder) findInTags() {
	tags := f.m.Tags()
	if len(tags) < 2 {
		return
	}
	for _, tag := range tags {
		if utf8.RuneCountInString(tag) != 1 {
			return
		}
	}
	f.found.add(splitTag, "", fixed("meta_info_def.tags"), fixed("the tags are the letters of "+shown(strings.Join(tags, ""))))
}

// findInObjects checks the functions that the object graph of a SavedModel refers to (Loader in
// tensorflow/python/saved_model/load.py).
func (f *problemFinder) findInObjects() {
	objects, _ := f.m.Message(fieldnum.MetaGraphDef_ObjectGraphDef)
	for name := range wire.MapEntries(objects, fieldnum.SavedObjectGraph_ConcreteFunctions) {
		if _, known := f.ops.Function(string(name)); !known {
			f.found.add(missingObjectFunction, "", fixed("object_graph_def"), func() string {
				return "function " + shown(name) + " is not in the library"
			})
		}
	}
}

// checkTensorInfos checks the inputs or the outputs of a signature.
func (f *problemFinder) checkTensorInfos(signature, side string, infos map[string]*tfpb.TensorInfo) {
	for _, key := range slices.Sorted(maps.Keys(infos)) {
		place := func() string { return fmt.Sprintf("signature %s, %s %s", shown(signature), side, shown(key)) }
		f.checkTensorInfo(place, infos[key])
	}
}

// checkTensorInfo checks the names in a TensorInfo.
func (f *problemFinder) checkTensorInfo(place func() string, info *tfpb.TensorInfo) {
	switch {
	case info.GetCooSparse() != nil:
		sparse := info.GetCooSparse()
		f.names(missingSignatureTensor, place, "values_tensor_name", sparse.GetValuesTensorName(),
			"indices_tensor_name", sparse.GetIndicesTensorName(), "dense_shape_tensor_name", sparse.GetDenseShapeTensorName())
	case info.GetCompositeTensor() != nil:
		for _, component := range info.GetCompositeTensor().GetComponents() {
			f.names(missingSignatureTensor, place, "name", component.GetName())
		}
	default:
		f.names(missingSignatureTensor, place, "name", info.GetName())
	}
}
