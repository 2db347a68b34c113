package problems

import (
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// findInSignatures looks at signatures and assets, which nothing reads at import.
func (f *problemFinder) findInSignatures() {
	for key, raw := range f.m.Entries(wire.SignatureDef) {
		s := new(tfpb.SignatureDef)
		if err := proto.Unmarshal(raw, s); err != nil {
			continue // the walk over the texts has said so
		}
		f.checkTensorInfos(string(key), "input", s.GetInputs())
		f.checkTensorInfos(string(key), "output", s.GetOutputs())
	}
	for i := range f.m.Fields {
		if !f.m.Fields[i].Is(wire.AssetFileDef) {
			continue
		}
		asset := new(tfpb.AssetFileDef)
		if err := proto.Unmarshal(f.m.Fields[i].Data, asset); err != nil {
			continue
		}
		f.names(missingAssetTensor, fixed("asset "+shown(asset.GetFilename())), "tensor_info.name", asset.GetTensorInfo().GetName())
	}
}

// Field numbers of SavedObjectGraph (tensorflow/core/protobuf/saved_object_graph.proto).
const objectFunctions protowire.Number = 2

// findInObjects looks at the functions that the object graph of a SavedModel names (Loader in
// tensorflow/python/saved_model/load.py).
func (f *problemFinder) findInObjects() {
	objects, _ := f.m.Message(wire.ObjectGraphDef)
	for s := wire.Scan(objects); s.Next(); {
		if !s.Is(objectFunctions) {
			continue
		}
		name, _ := wire.MapEntry(s.Data)
		if _, known := f.byName[string(name)]; !known {
			f.found.add(missingObjectFunction, "", fixed("object_graph_def"), func() string {
				return "function " + shown(name) + " is not in the library"
			})
		}
	}
}

// checkTensorInfos looks at the inputs or the outputs of a signature.
func (f *problemFinder) checkTensorInfos(signature, side string, infos map[string]*tfpb.TensorInfo) {
	for _, key := range slices.Sorted(maps.Keys(infos)) {
		place := func() string { return fmt.Sprintf("signature %s, %s %s", shown(signature), side, shown(key)) }
		f.checkTensorInfo(place, infos[key])
	}
}

// checkTensorInfo looks at the names in a TensorInfo.
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
