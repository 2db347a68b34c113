package rewrite

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Tensor is an input or output of the signature that an export writes.
type Tensor struct {
	Key    string `json:"key"`
	Tensor string `json:"tensor"` // `node:port`
	DType  string `json:"dtype"`  // TensorFlow's short name, such as float32; empty if unknown
}

// ErrNoOutputs is the error of an export that needs to know the outputs of the graph, if none were given and the graph
// has no signature.
var ErrNoOutputs = errors.New("no outputs given, and the graph has no signature")

// useSignatures sets the inputs and outputs to those of the signatures of m, if the options freeze the graph and name no
// outputs. It reports whether it did.
func (o *ExportOptions) useSignatures(m *wire.MetaGraph) (bool, error) {
	if !o.Freeze || len(o.Outputs) > 0 {
		return false, nil
	}
	keys := entryKeys(m, fieldnum.MetaGraphDef_SignatureDef)
	if o.Signature != "" && !keys[o.Signature] {
		var conflicts draft.Conflicts
		conflicts.About(SignatureArgument, draft.Suggest(o.Signature, slices.Sorted(maps.Keys(keys))), "no signature named %q", o.Signature)
		return false, conflicts
	}
	if o.Inputs, o.Outputs = o.signedEndpoints(m); len(o.Outputs) == 0 {
		return false, ErrNoOutputs
	}
	return true, nil
}

// signedEndpoints returns the inputs and outputs of the signature of m that the options name, or of all signatures. Inputs that become
// constants are left out.
func (o *ExportOptions) signedEndpoints(m *wire.MetaGraph) (inputs, outputs []prune.Endpoint) {
	seen := make(map[string]bool)
	for raw, value := range m.Entries(fieldnum.MetaGraphDef_SignatureDef) {
		key := string(raw)
		if strings.HasPrefix(key, "__saved_model") || o.Signature != "" && o.Signature != key {
			continue
		}
		for s := wire.Scan(o.withoutConstants(value)); s.Next(); {
			side := &inputs
			switch {
			case s.Is(fieldnum.SignatureDef_Outputs):
				side = &outputs
			case !s.Is(fieldnum.SignatureDef_Inputs):
				continue
			}
			name, info := wire.MapEntry(s.Data)
			// A sparse tensor consists of several. Several keys can refer to the same tensor. The error is for a damaged part, which names nothing.
			_ = o.Registry.NamesOf("tensorflow.TensorInfo").Each(info, func(tensor []byte, _ scope.Kind) {
				point, err := prune.Parse(string(tensor))
				if id := fmt.Sprint(s.Num, point.Tensor()); err == nil && !seen[id] {
					seen[id] = true
					point.Key = key + "/" + string(name) + " " + point.Tensor()
					*side = append(*side, point)
				}
			})
		}
	}
	return inputs, outputs
}

// sign adds a signature with the inputs and outputs, unless no output is a tensor.
func (p *graphPlanner) sign(changed *reshaped) {
	var b wire.Builder
	p.report.Inputs = p.signatureSide(&b, fieldnum.SignatureDef_Inputs, p.cut.Inputs, changed)
	p.report.Outputs = p.signatureSide(&b, fieldnum.SignatureDef_Outputs, p.cut.Outputs, changed)
	if len(p.report.Outputs) == 0 {
		return
	}
	b.String(fieldnum.SignatureDef_MethodName, predictMethod)
	p.report.Signature = cmp.Or(p.o.Signature, DefaultSignature)
	p.parts.signatures[p.report.Signature] = b.Build().Bytes()
}

// signatureSide appends the inputs or outputs of a SignatureDef, field num, sorted by key.
func (p *graphPlanner) signatureSide(b *wire.Builder, num protowire.Number, points []prune.Endpoint, changed *reshaped) []Tensor {
	sorted := slices.SortedStableFunc(slices.Values(points), func(a, b prune.Endpoint) int { return strings.Compare(a.Key, b.Key) })
	tensors := []Tensor{}
	for _, point := range sorted {
		if point.Control {
			continue
		}
		dtype, shape := p.tensorInfo(point, changed)
		name := point.Tensor()
		if num == fieldnum.SignatureDef_Outputs {
			name = cmp.Or(p.parts.reads[name], name)
		}
		tensors = append(tensors, Tensor{Key: point.Key, Tensor: name, DType: tensor.DTypeName(dtype)})
		b.Message(num, func() {
			b.String(fieldnum.MapEntry_Key, point.Key)
			b.Message(fieldnum.MapEntry_Value, func() {
				b.String(fieldnum.TensorInfo_Name, name)
				b.Varint(fieldnum.TensorInfo_Dtype, uint64(dtype))
				b.Bytes(fieldnum.TensorInfo_TensorShape, shape)
			})
		})
	}
	return tensors
}

// allSigned returns the inputs and outputs of all signatures of the file.
func (p *graphPlanner) allSigned() (inputs, outputs []prune.Endpoint) {
	all := *p.o
	all.Signature = ""
	return all.signedEndpoints(p.m)
}

// reshapeSignatures plans the shapes of tensors in the signatures of the file after the change of others.
func (p *graphPlanner) reshapeSignatures(changed *reshaped) {
	p.parts.shapes = make(map[string][]byte)
	for _, point := range slices.Concat(p.allSigned()) {
		if i, ok := p.draft.Original([]byte(point.Node)); ok && changed.changed[i] {
			_, p.parts.shapes[point.Tensor()] = p.tensorInfo(point, changed)
		}
	}
}

// readOutputs adds a node that reads each output which a loader cannot return, for signatures to name instead: a reference to a variable,
// which tf.saved_model.load rejects, and a tensor that is also an input, which the C++ loader rejects. It covers the new signature and those
// of the file.
func (p *graphPlanner) readOutputs(outputs []prune.Endpoint) error {
	inputs, signed := p.allSigned()
	if p.cut != nil {
		inputs = append(inputs, p.cut.Inputs...)
	}
	fed := make(map[string]bool)
	for _, input := range inputs {
		fed[input.Tensor()] = true
	}
	var n wire.Node
	for _, point := range slices.Concat(outputs, signed) {
		i, ok := p.draft.Find([]byte(point.Node))
		if name := point.Tensor(); !ok || point.Control || !p.cut.Keeps(i) || p.parts.reads[name] != "" {
			continue
		}
		p.draft.Node(i, &n)
		if p.facts.OutputType(&n, point.Port) <= tensor.RefOffset && !fed[point.Tensor()] {
			continue
		}
		dtype, _ := p.tensorInfo(point, nil)
		read := draft.Node(scope.Unique(point.Node+"/read", p.draft.Taken), "Identity", string(n.Device), []string{string(scope.Spelling([]byte(point.Tensor())))},
			map[string]*wire.Rope{"T": draft.TypeAttr(dtype)})
		added := p.draft.Add(i, read)
		p.parts.reads[point.Tensor()] = read.Name + ":0"
		if p.cut != nil {
			if err := p.cut.Reach.Add(added); err != nil {
				return err
			}
		}
	}
	return nil
}

// signature returns a SignatureDef of the file with new shapes. Its outputs are those to read, with the dtypes of values instead of
// references.
func (p *newParts) signature(old []byte) []byte {
	var b wire.Builder
	for s := wire.Scan(old); s.Next(); {
		output := s.Is(fieldnum.SignatureDef_Outputs)
		if !output && !s.Is(fieldnum.SignatureDef_Inputs) {
			b.Window(s.Raw)
			continue
		}
		key, info := wire.MapEntry(s.Data)
		name := string(wire.Last(info, fieldnum.TensorInfo_Name))
		b.Message(s.Num, func() {
			b.Bytes(fieldnum.MapEntry_Key, key)
			b.Message(fieldnum.MapEntry_Value, func() {
				for t := wire.Scan(info); t.Next(); {
					switch {
					case t.Is(fieldnum.TensorInfo_Name) && output:
						b.String(t.Num, cmp.Or(p.reads[name], name))
					case t.Num == fieldnum.TensorInfo_Dtype && output:
						b.Varint(t.Num, uint64(tensor.BaseType(int32(t.Uint()))))
					case t.Is(fieldnum.TensorInfo_TensorShape) && p.shapes[name] != nil:
						b.Bytes(t.Num, p.shapes[name])
					default:
						b.Window(t.Raw)
					}
				}
			})
		})
	}
	return b.Build().Bytes()
}

// tensorInfo returns the dtype and the TensorShapeProto of an input or output in the copy.
func (p *graphPlanner) tensorInfo(point prune.Endpoint, changed *reshaped) (int32, []byte) {
	i, _ := p.draft.Find([]byte(point.Node))
	var n wire.Node
	p.draft.Node(i, &n)
	if opdef.IsPlaceholder(n.Op) {
		dtype, _ := p.draft.Attr(i, &n, "dtype")
		shape, _ := p.draft.Attr(i, &n, "shape")
		if proto, ok := wire.AttrBytes(shape, fieldnum.AttrValue_Shape); ok {
			return wire.AttrTypeOf(dtype), proto
		}
		return wire.AttrTypeOf(dtype), draft.UnknownRank
	}
	p.draft.Graph.Node(i, &n)
	shape := changed.shape(i, point.Port, p.facts.Shape(i, point.Port))
	return p.facts.DType(&n, point.Port), draft.Shape(shape)
}

// predictMethod is the method name of a signature with arbitrary inputs and outputs
// (tensorflow/python/saved_model/signature_constants.py).
const predictMethod = "tensorflow/serving/predict"

// DefaultSignature is the key of a new signature if none was given.
const DefaultSignature = "serving_default"
