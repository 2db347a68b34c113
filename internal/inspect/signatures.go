package inspect

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect/model"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Signature is one entry of signature_def (tensorflow/core/protobuf/meta_graph.proto).
type Signature struct {
	Key      string            `json:"key"`
	Method   string            `json:"method_name"`
	Inputs   []SignatureTensor `json:"inputs"`   // sorted by key
	Outputs  []SignatureTensor `json:"outputs"`  // sorted by key
	Defaults []SignatureValue  `json:"defaults"` // default values of optional inputs, sorted by key
}

// A SignatureTensor is one TensorInfo.
type SignatureTensor struct {
	Key        string       `json:"key"`
	Tensor     string       `json:"tensor"` // name:k; the values tensor of a sparse tensor; empty for a composite tensor
	DType      string       `json:"dtype"`
	Shape      tensor.Shape `json:"shape"`
	Encoding   string       `json:"encoding"`             // "dense", "sparse" or "composite"; empty if unspecified
	Components []string     `json:"components,omitempty"` // tensors of a sparse (values, indices, dense shape) or composite tensor
}

// A SignatureValue is the default value of an input.
type SignatureValue struct {
	Key    string         `json:"key"`
	DType  string         `json:"dtype"`
	Shape  tensor.Shape   `json:"shape"`
	Tensor *tensor.Tensor `json:"-"` // a summary of the value
}

// Signatures returns the signatures whose keys the filter selects, sorted by key. Each is decoded when it is reached. The
// error names the signature that cannot be read.
func Signatures(m *wire.MetaGraph, f model.Filter) (iter.Seq[*Signature], error) {
	type entry struct{ key, raw []byte }
	var entries []entry
	for key, raw := range m.Entries(fieldnum.MetaGraphDef_SignatureDef) {
		if !f.MatchKey(string(key)) {
			continue
		}
		if err := schema.Unmarshal(raw, new(tfpb.SignatureDef)); err != nil {
			return nil, fmt.Errorf("read signature %q: %w", key, err)
		}
		entries = append(entries, entry{key, raw})
	}
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	return func(yield func(*Signature) bool) {
		for _, e := range entries {
			var def tfpb.SignatureDef
			_ = schema.Unmarshal(e.raw, &def) // it succeeded before
			if !yield(&Signature{string(e.key), def.GetMethodName(), signatureTensors(def.GetInputs()), signatureTensors(def.GetOutputs()), signatureValues(e.raw)}) {
				return
			}
		}
	}, nil
}

func signatureTensors(infos map[string]*tfpb.TensorInfo) []SignatureTensor {
	tensors := make([]SignatureTensor, 0, len(infos))
	for key, info := range infos {
		t := SignatureTensor{Key: key, DType: tensor.DTypeName(int32(info.GetDtype())), Shape: tensor.ShapeOf(info.GetTensorShape())}
		switch e := info.GetEncoding().(type) {
		case *tfpb.TensorInfo_Name:
			t.Encoding, t.Tensor = "dense", e.Name
		case *tfpb.TensorInfo_CooSparse_:
			t.Encoding, t.Tensor = "sparse", e.CooSparse.GetValuesTensorName()
			t.Components = []string{e.CooSparse.GetValuesTensorName(), e.CooSparse.GetIndicesTensorName(), e.CooSparse.GetDenseShapeTensorName()}
		case *tfpb.TensorInfo_CompositeTensor_:
			t.Encoding = "composite"
			t.Components = componentNames(e.CompositeTensor)
		}
		tensors = append(tensors, t)
	}
	slices.SortFunc(tensors, func(a, b SignatureTensor) int { return strings.Compare(a.Key, b.Key) })
	return tensors
}

// componentNames returns the component tensors of a composite tensor, in order. Nested composite tensors are skipped.
func componentNames(composite *tfpb.TensorInfo_CompositeTensor) []string {
	var names []string
	for _, c := range composite.GetComponents() {
		if sparse := c.GetCooSparse(); sparse != nil {
			names = append(names, sparse.GetValuesTensorName(), sparse.GetIndicesTensorName(), sparse.GetDenseShapeTensorName())
			continue
		}
		if nested := c.GetCompositeTensor(); nested != nil {
			names = append(names, componentNames(nested)...)
			continue
		}
		names = append(names, c.GetName())
	}
	return names
}

// signatureValues returns the default values of a SignatureDef. It reads only what is displayed, because values can be
// large.
func signatureValues(signature []byte) []SignatureValue {
	tensors := make(map[string]*tensor.Tensor)
	for key, value := range wire.MapEntries(signature, fieldnum.SignatureDef_Defaults) {
		tensors[string(key)] = tensor.ParseTensor(value)
	}
	values := make([]SignatureValue, 0, len(tensors))
	for key, t := range tensors {
		values = append(values, SignatureValue{Key: key, DType: t.DType, Shape: t.Shape, Tensor: t})
	}
	slices.SortFunc(values, func(a, b SignatureValue) int { return strings.Compare(a.Key, b.Key) })
	return values
}
