package inspect

import (
	"fmt"
	"sort"

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

// Signatures returns the signatures whose keys the filter selects, sorted by key. The error names the signature that
// cannot be read.
func Signatures(m *wire.MetaGraph, f model.Filter) ([]Signature, error) {
	count := 0
	for i := range m.Fields {
		if m.Fields[i].Is(fieldnum.MetaGraphDef_SignatureDef) {
			count++
		}
	}
	signatures := make([]Signature, 0, count)
	for key, raw := range m.Entries(fieldnum.MetaGraphDef_SignatureDef) {
		if !f.MatchKey(string(key)) {
			continue
		}
		var def tfpb.SignatureDef
		if err := schema.Unmarshal(raw, &def); err != nil {
			return nil, fmt.Errorf("read signature %q: %w", key, err)
		}
		signatures = append(signatures, Signature{
			Key:      string(key),
			Method:   def.GetMethodName(),
			Inputs:   signatureTensors(def.GetInputs()),
			Outputs:  signatureTensors(def.GetOutputs()),
			Defaults: signatureValues(raw),
		})
	}
	sort.Slice(signatures, func(i, j int) bool { return signatures[i].Key < signatures[j].Key })
	return signatures, nil
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
	sort.Slice(tensors, func(i, j int) bool { return tensors[i].Key < tensors[j].Key })
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
	for s := wire.Scan(signature); s.Next(); {
		if s.Is(fieldnum.SignatureDef_Defaults) {
			key, value := wire.MapEntry(s.Data)
			tensors[string(key)] = tensor.ParseTensor(value)
		}
	}
	values := make([]SignatureValue, 0, len(tensors))
	for key, t := range tensors {
		values = append(values, SignatureValue{Key: key, DType: t.DType, Shape: t.Shape, Tensor: t})
	}
	sort.Slice(values, func(i, j int) bool { return values[i].Key < values[j].Key })
	return values
}
