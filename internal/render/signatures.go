package render

import (
	"iter"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/tensor"
)

// Signatures returns the section signatures.
func Signatures(signatures iter.Seq[*inspect.Signature]) View {
	g := grid{empty: "no signatures", columns: []column{{name: "signature", group: true, key: true}, {name: "method", group: true, spare: true},
		{name: "part", group: true, fixed: true}, {name: "key", key: true, below: true}, {name: "tensor", key: true, below: true},
		{name: "dtype", key: true, below: true}, {name: "shape", key: true, below: true}}}
	g.fill(tableRows, signatureRows(signatures))
	return View{
		Tables: []grid{g},
		Values: eachOf(signatures, func(s *inspect.Signature) string { return s.Key }),
		fields: []member{{"signatures", eachOf(signatures, newJSONSignature)}},
	}
}

// signatureRows returns a row for each tensor of a signature, or a single row if it has none.
func signatureRows(signatures iter.Seq[*inspect.Signature]) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for s := range signatures {
			var rows [][]string
			for _, t := range s.Inputs {
				rows = append(rows, []string{s.Key, s.Method, "input", t.Key, signatureTensor(t), t.DType, t.Shape.String()})
			}
			for _, t := range s.Outputs {
				rows = append(rows, []string{s.Key, s.Method, "output", t.Key, signatureTensor(t), t.DType, t.Shape.String()})
			}
			for _, v := range s.Defaults {
				rows = append(rows, []string{s.Key, s.Method, "default", v.Key, tensorValues(v.Tensor), v.DType, v.Shape.String()})
			}
			if rows == nil {
				rows = [][]string{{s.Key, s.Method}}
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// signatureTensor returns the name of the tensor of an input or output.
func signatureTensor(t inspect.SignatureTensor) string {
	switch t.Encoding {
	case "sparse":
		return "sparse: " + strings.Join(t.Components, ", ")
	case "composite":
		return "composite: " + strings.Join(t.Components, ", ")
	}
	return t.Tensor
}

// jsonSignature is the JSON form of a signature. Its default values have the same form as other tensors.
type jsonSignature struct {
	Key      string                    `json:"key"`
	Method   string                    `json:"method_name"`
	Inputs   []inspect.SignatureTensor `json:"inputs"`
	Outputs  []inspect.SignatureTensor `json:"outputs"`
	Defaults []jsonDefault             `json:"defaults"`
}

type jsonDefault struct {
	Key   string     `json:"key"`   // key of the input
	Value jsonTensor `json:"value"` // the default value
}

// jsonTensor writes a tensor as JSON.
type jsonTensor struct{ *tensor.Tensor }

// AppendJSON appends the tensor as an object, or null if there is none.
func (t jsonTensor) AppendJSON(b []byte) []byte {
	if t.Tensor == nil {
		return append(b, "null"...)
	}
	return appendTensor(b, t.Tensor)
}

func newJSONSignature(s *inspect.Signature) any {
	j := jsonSignature{Key: s.Key, Method: s.Method, Inputs: s.Inputs, Outputs: s.Outputs, Defaults: []jsonDefault{}}
	for _, v := range s.Defaults {
		j.Defaults = append(j.Defaults, jsonDefault{v.Key, jsonTensor{v.Tensor}})
	}
	return j
}

// tensorValues returns the first elements of a tensor.
func tensorValues(t *tensor.Tensor) string {
	if t == nil {
		return ""
	}
	parts := formsOf(t.Values, func(v *tensor.Value) string { return string(AppendAttr(nil, v)) })
	if elements, ok := t.Shape.Elements(); ok && elements > int64(len(t.Values)) {
		parts = append(parts, ellipsis)
	}
	return strings.Join(parts, " ")
}
