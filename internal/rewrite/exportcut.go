package rewrite

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Tensor is an input or output of the signature that an export writes.
type Tensor struct {
	Key    string `json:"key"`
	Tensor string `json:"tensor"` // `node:port`
	DType  string `json:"dtype"`  // TensorFlow's name in lower case; empty if unknown
}

// draftGraph returns the draft that collects changes to nodes. The first call creates it.
func (e *exporter) draftGraph() (*draft.Graph, error) {
	if e.draft == nil {
		g, err := graph.New(e.m.Graph())
		if err != nil {
			return nil, err
		}
		e.draft, e.facts = draft.New(g), opdef.NewTensors(g, e.m)
	}
	return e.draft, nil
}

// planCut cuts the graph to its outputs, if outputs were given.
func (e *exporter) planCut() (err error) {
	if len(e.o.Outputs) == 0 {
		return nil
	}
	g, err := e.draftGraph()
	if err != nil {
		return err
	}
	if e.cut, err = prune.Outputs(g, e.facts, e.o.Inputs, e.o.Outputs); err != nil || e.ownSignature {
		return err
	}
	return e.cut.CheckInputs()
}

// planCompanions keeps the savers and initializers of the kept nodes.
func (e *exporter) planCompanions() error {
	if e.cut == nil {
		return e.planSaver()
	}
	library, err := e.functions()
	if err != nil {
		return err
	}
	for round := 0; ; round++ {
		if err := e.keepCompanions(); err != nil {
			return err
		}
		changed, err := e.cut.CutLoops(e.m, e.o.Registry, library)
		if err != nil {
			return err
		}
		if !changed || round == maxRounds {
			break
		}
		if err := e.cut.Again(); err != nil {
			return err
		}
	}
	if err := e.planSaver(); err != nil {
		return err
	}
	if err := e.reportInit(e.init); err != nil {
		return err
	}
	return e.cut.Finish()
}

// reportInit reports the tables of the copy, apart from those that the saver fills, and how they are initialized.
func (e *exporter) reportInit(init *prune.Init) (err error) {
	r := e.report
	for _, table := range init.Tables {
		if i, ok := e.draft.Original([]byte(table)); !ok || e.o.Freeze || e.byNode[i] == nil {
			r.Tables = append(r.Tables, table)
		}
	}
	if r.Initializers = init.Initializers; len(r.Initializers) == 0 {
		r.Initializers = init.Ops
	}
	if !e.o.SavedModel {
		r.InitFeeds, err = e.fedBy(r.Initializers...)
	}
	return err
}

// maxRounds is how often loops are shortened, each time after finding out what the shorter ones need. Any number is correct.
const maxRounds = 8

// keepCompanions keeps what initializes the kept nodes.
func (e *exporter) keepCompanions() error {
	if !e.o.Freeze {
		if err := e.cut.KeepVariables(e.m, e.o.Registry); err != nil {
			return err
		}
	}
	if e.ownSignature {
		if err := e.cut.KeepInputs(); err != nil {
			return err
		}
	}
	init, err := e.cut.KeepInitializers(e.m)
	if err != nil {
		return err
	}
	for _, i := range e.fills {
		if err := e.cut.Reach.Add(i); err != nil {
			return err
		}
		init.Initializers = append(init.Initializers, e.draft.Name(i))
	}
	e.init = init
	return nil
}

// applyDraft adds the changes of the draft to the plan and the rewriter.
func (e *exporter) applyDraft() error {
	if e.draft == nil {
		return nil
	}
	keep := e.keep
	if e.cut != nil {
		keep = e.cut.Reach.Has
	}
	if err := e.draft.Apply(keep, e.plan, e.rewriter); err != nil {
		return err
	}
	e.newOps = e.draft.NewOps(keep)
	if e.cut == nil {
		return nil
	}
	r := e.report
	r.Feeds, r.Defaults, r.Sources = e.cut.Feeds, e.cut.Defaults, e.cut.Sources
	return e.findFunctions(keep)
}

// functions returns the function library. The first call indexes it.
func (e *exporter) functions() (*draft.Library, error) {
	var err error
	if e.library == nil {
		e.library, err = draft.NewLibrary(e.m.Graph())
	}
	return e.library, err
}

// findFunctions finds the functions and ops that the kept nodes use.
func (e *exporter) findFunctions(keep []bool) error {
	library, err := e.functions()
	if err != nil {
		return err
	}
	closure := library.NewClosure()
	used := make(map[string]bool)
	err = e.draft.Kept(keep, func(i int, n *wire.Node) error {
		if !used[string(n.Op)] {
			used[string(n.Op)] = true
		}
		if library.Len() == 0 {
			return nil
		}
		return closure.Node(n.Op, e.draft.Attrs(i, n))
	})
	if err != nil {
		return err
	}
	added := library.Added()
	old := make(map[string]bool) // ops of the file's functions
	if len(added) > 0 {
		if err := functionOps(e.m.Graph(), old); err != nil {
			return err
		}
	}
	for name := range closure.Has {
		f, _ := library.Find(name)
		for n, err := range f.Nodes() {
			if err != nil {
				return err
			}
			used[string(n.Op)] = true
			if len(added) > 0 && !old[string(n.Op)] {
				e.newOps[string(n.Op)] = true
			}
		}
	}
	for _, name := range added {
		if f, _ := library.Find(name); closure.Has[name] {
			e.rewriter.NewFunctions = append(e.rewriter.NewFunctions, f)
		}
	}
	e.rewriter.KeepFunction = func(name string) bool { return closure.Has[name] }
	e.used = used
	return nil
}

// newSignature returns the SignatureDef of the inputs and outputs, or nil if no output is a tensor.
func (e *exporter) newSignature() []byte {
	if e.cut == nil || e.ownSignature {
		return nil
	}
	var b wire.Builder
	e.report.Inputs = e.signatureSide(&b, fieldnum.SignatureDef_Inputs, e.cut.Inputs)
	e.report.Outputs = e.signatureSide(&b, fieldnum.SignatureDef_Outputs, e.cut.Outputs)
	if len(e.report.Outputs) == 0 {
		return nil
	}
	b.String(fieldnum.SignatureDef_MethodName, predictMethod)
	return b.Build().Bytes()
}

// signatureSide appends the inputs or outputs of a SignatureDef, field num, sorted by key.
func (e *exporter) signatureSide(b *wire.Builder, num protowire.Number, points []prune.Endpoint) []Tensor {
	sorted := slices.SortedStableFunc(slices.Values(points), func(a, b prune.Endpoint) int { return strings.Compare(a.Key, b.Key) })
	tensors := []Tensor{}
	for _, point := range sorted {
		if point.Control {
			continue
		}
		dtype, shape := e.tensorInfo(point)
		tensors = append(tensors, Tensor{Key: point.Key, Tensor: point.Tensor(), DType: tensor.DTypeName(dtype)})
		b.Message(num, func() {
			b.String(fieldnum.MapEntry_Key, point.Key)
			b.Message(fieldnum.MapEntry_Value, func() {
				b.String(fieldnum.TensorInfo_Name, point.Tensor())
				b.Varint(fieldnum.TensorInfo_Dtype, uint64(dtype))
				b.Bytes(fieldnum.TensorInfo_TensorShape, shape)
			})
		})
	}
	return tensors
}

// tensorInfo returns the dtype and the TensorShapeProto of an input or output in the copy.
func (e *exporter) tensorInfo(point prune.Endpoint) (int32, []byte) {
	i, _ := e.draft.Find([]byte(point.Node))
	var n wire.Node
	e.draft.Node(i, &n)
	if prune.IsPlaceholder(n.Op) {
		dtype, _ := e.draft.Attr(i, &n, "dtype")
		shape, _ := e.draft.Attr(i, &n, "shape")
		if proto, ok := wire.AttrBytes(shape, fieldnum.AttrValue_Shape); ok {
			return wire.AttrTypeOf(dtype), proto
		}
		return wire.AttrTypeOf(dtype), draft.UnknownRank
	}
	e.draft.Graph.Node(i, &n)
	shape := e.facts.Shape(i, point.Port)
	if i < len(e.changedShapes) && e.changedShapes[i] {
		shape = nil
	}
	return e.facts.DType(&n, point.Port), draft.Shape(shape)
}

// predictMethod is the method name of a signature with arbitrary inputs and outputs
// (tensorflow/python/saved_model/signature_constants.py).
const predictMethod = "tensorflow/serving/predict"

// DefaultSignature is the key of a new signature if none was given.
const DefaultSignature = "serving_default"
