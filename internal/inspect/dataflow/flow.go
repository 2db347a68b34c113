package dataflow

import (
	"bytes"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/opdef"
)

// A mark is a fact about a node.
type mark uint32

// The marks.
const (
	MarkGradient  mark = 1 << iota // part of a gradient, or computed from one
	markSource                     // descends from a tensor that data comes in by, labels included
	markWeights                    // a trainable variable, or computed from such alone
	markLayer                      // brings data and trainable variables together
	markAbove                      // a layer lies further down
	markAboveFree                  // a layer that depends on no label lies further down
	markLabel                      // depends on a label
	markData                       // descends from what inference is fed with
	markBelow                      // is a layer, or descends from one
	markInside                     // inside a while loop or a branch
	MarkTrained                    // a loss that gradients start from
	markToLoss                     // such a loss lies further down, or it is one
	markWanted                     // a prediction depends on it
	markTarget                     // depends on the comparison with what the model has to reproduce
	markKeeping                    // everything computed from it goes into variables, queues, checkpoints and assertions
	markMeets                      // something computed from it meets the model's results
	markAsked                      // used while one question is answered; no node has it afterwards
	markElsewhere                  // something that does not depend on labels is computed from it
)

// A Flow is a graph with marks on its nodes, which record how data flows from the inputs to the outputs.
type Flow struct {
	g     *graph.Graph
	class []opdef.Class // by op id
	marks []mark        // by node
	queue []int32       // reused by spread
}

// NewFlow returns the flow of a graph, without marks.
func NewFlow(g *graph.Graph) *Flow {
	f := &Flow{g: g, class: make([]opdef.Class, len(g.Ops())), marks: make([]mark, g.Len())}
	for id, op := range g.Ops() {
		f.class[id] = opdef.Classify(op)
	}
	return f
}

// Is reports whether the op of node i Is of one of the classes.
func (f *Flow) Is(i int32, class opdef.Class) bool { return f.class[f.g.Op(int(i))]&class != 0 }

// Has reports whether node i Has one of the marks.
func (f *Flow) Has(i int32, m mark) bool { return f.marks[i]&m != 0 }

// carries reports whether what node i hands out by port gets to consumer c as data: not as a size, a condition or an order.
func (f *Flow) carries(i int32, e graph.Edge) bool {
	if e.Port < 0 || f.Is(i, opdef.ClassShape) {
		return false
	}
	if f.Is(e.Node, opdef.ClassSwitch) {
		// What a branch depends on is not what flows through it.
		in := f.g.Inputs(int(e.Node))
		return len(in) == 0 || in[0].Node == i && in[0].Port == e.Port
	}
	return true
}

// spread puts m on the nodes that seeds holds and on all that can be reached from there along data inputs, downwards, as far
// as enter allows. Seeds that have the mark already count too.
func (f *Flow) spread(seeds []int32, m mark, enter func(i int32) bool) {
	f.queue = f.queue[:0]
	for _, i := range seeds {
		f.marks[i] |= m
		f.queue = append(f.queue, i)
	}
	for len(f.queue) > 0 {
		i := f.queue[len(f.queue)-1]
		f.queue = f.queue[:len(f.queue)-1]
		if f.Is(i, opdef.ClassShape) {
			continue
		}
		for _, e := range f.g.Consumers(int(i)) {
			if f.marks[e.Node]&m == 0 && f.carries(i, e) && enter(e.Node) {
				f.marks[e.Node] |= m
				f.queue = append(f.queue, e.Node)
			}
		}
	}
}

// spreadPorts is spread from single outputs: what reads them is marked, the nodes that they belong to are not.
func (f *Flow) spreadPorts(seeds []graph.Edge, m mark, enter func(i int32) bool) {
	var first []int32
	for _, seed := range seeds {
		for _, e := range f.g.Consumers(int(seed.Node)) {
			if e.Port == seed.Port && f.marks[e.Node]&m == 0 && f.carries(seed.Node, e) && enter(e.Node) {
				f.marks[e.Node] |= m
				first = append(first, e.Node)
			}
		}
	}
	f.spread(first, m, enter)
}

// spreadUp puts m on the nodes that hold what seeds read, and so on upwards, as far as enter allows; not on the seeds, unless
// they lie above others.
func (f *Flow) spreadUp(seeds []int32, m mark, enter func(i int32) bool) {
	f.queue = append(f.queue[:0], seeds...)
	for len(f.queue) > 0 {
		i := f.queue[len(f.queue)-1]
		f.queue = f.queue[:len(f.queue)-1]
		for k, e := range f.g.Inputs(int(i)) {
			if e.Node == graph.Dangling || e.Port < 0 || f.marks[e.Node]&m != 0 || f.Is(e.Node, opdef.ClassShape) || !enter(e.Node) {
				continue
			}
			if k > 0 && f.Is(i, opdef.ClassSwitch) {
				continue
			}
			f.marks[e.Node] |= m
			f.queue = append(f.queue, e.Node)
		}
	}
}

// forward reports whether node i takes part in what the graph computes from its inputs, rather than in training it, filling its
// queues or saving it. Data does not flow through a node where it comes in.
func (f *Flow) forward(i int32) bool {
	return f.marks[i]&(MarkGradient|markKeeping) == 0 && !f.Is(i, opdef.ClassTerminal|opdef.ClassVariable) && !f.comesIn(i)
}

// comesIn reports whether data comes in at node i. A placeholder with a default that is computed from data lets that pass.
func (f *Flow) comesIn(i int32) bool {
	if !f.Is(i, opdef.ClassSource) {
		return false
	}
	if in := f.g.Inputs(int(i)); len(in) > 0 && f.g.OpName(f.g.Op(int(i))) == "PlaceholderWithDefault" {
		return in[0].Node == graph.Dangling || f.Is(in[0].Node, opdef.ClassConst|opdef.ClassShape)
	}
	return true
}

// withClass returns the nodes whose op is of one of the classes, in file order.
func (f *Flow) withClass(class opdef.Class) []int32 {
	var found []int32
	if !f.anyOp(class) {
		return nil
	}
	for i := range int32(f.g.Len()) {
		if f.Is(i, class) {
			found = append(found, i)
		}
	}
	return found
}

// anyOp reports whether the graph has an op of one of the classes.
func (f *Flow) anyOp(class opdef.Class) bool {
	for _, c := range f.class {
		if c&class != 0 {
			return true
		}
	}
	return false
}

// MarkGradients marks the gradients and all that is computed from them, and the losses that they start from.
func (f *Flow) MarkGradients() {
	var seeds, starts []int32
	for i := range int32(f.g.Len()) {
		name := f.g.Name(int(i))
		if !f.Is(i, opdef.ClassGradient) && !f.gradientName(name) {
			continue
		}
		f.marks[i] |= MarkGradient
		// A loop that is differentiated gets lists to keep what its gradient needs. They are made among the gradients and
		// go into the loop, which does not become a gradient by that.
		if !f.Is(i, opdef.ClassConst|opdef.ClassList) {
			seeds = append(seeds, i)
		}
		if f.begins(i, name) {
			starts = append(starts, i)
		}
	}
	f.spread(seeds, MarkGradient, func(i int32) bool { return !f.Is(i, opdef.ClassVariable|opdef.ClassTerminal) })
	for _, i := range starts {
		for _, c := range f.g.Consumers(int(i)) {
			if loss, ok := f.differentiated(f.g.Name(int(c.Node))); ok {
				f.marks[loss] |= MarkTrained
			}
		}
	}
}

// markInitialization marks the nodes that find out which variables are not initialized, as an Estimator's ready_op does
// (report_uninitialized_variables in tensorflow/python/ops/variables.py).
func (f *Flow) markInitialization() {
	var seeds []int32
	reports := []byte("report_uninitialized_")
	for i := range int32(f.g.Len()) {
		switch f.g.OpName(f.g.Op(int(i))) {
		case "IsVariableInitialized", "VarIsInitializedOp":
			seeds = append(seeds, i)
		default:
			if name := f.g.Name(int(i)); bytes.HasPrefix(name, reports) || bytes.Contains(name, append([]byte{'/'}, reports...)) {
				seeds = append(seeds, i)
			}
		}
	}
	f.spread(seeds, markKeeping, func(i int32) bool { return !f.Is(i, opdef.ClassVariable) })
}

// markKeepers marks the nodes that exist to keep books: all that is made of them goes into variables, queues, checkpoints and
// assertions, like the running averages of a batch normalization. A loss is none, though all else that is made of it may be its
// running average; nor is a decision, though a streaming metric may be all that reads it.
func (f *Flow) markKeepers() {
	if !f.anyOp(opdef.ClassKeeper) {
		return
	}
	readers := make([]int32, f.g.Len()) // those that are not known to keep books
	f.queue = f.queue[:0]
	for i := range int32(f.g.Len()) {
		if f.Is(i, opdef.ClassKeeper) {
			f.queue = append(f.queue, i)
		}
		if f.marks[i]&MarkGradient != 0 {
			continue
		}
		for _, e := range f.g.Inputs(int(i)) {
			if e.Node != graph.Dangling && e.Port >= 0 {
				readers[e.Node]++
			}
		}
	}
	for len(f.queue) > 0 {
		i := f.queue[len(f.queue)-1]
		f.queue = f.queue[:len(f.queue)-1]
		if f.marks[i]&MarkGradient != 0 {
			continue
		}
		for _, e := range f.g.Inputs(int(i)) {
			if e.Node == graph.Dangling || e.Port < 0 {
				continue
			}
			readers[e.Node]--
			if readers[e.Node] == 0 && f.marks[e.Node]&(MarkGradient|markKeeping|MarkTrained) == 0 && !f.Is(e.Node, opdef.ClassVariable|opdef.ClassSource|opdef.ClassDecision) {
				f.marks[e.Node] |= markKeeping
				f.queue = append(f.queue, e.Node)
			}
		}
	}
}

var (
	gradScope  = []byte("gradients")
	gradSuffix = []byte("_grad")
	gradTape   = []byte("gradient_tape")
	gradAny    = []byte("grad")
)

// gradientName reports whether tf.gradients or a tape gave a node its name: in a scope "gradients" or "gradients_1", or in one
// called after the node that it differentiates (tensorflow/python/ops/gradients_util.py).
func (f *Flow) gradientName(name []byte) bool {
	at := bytes.Index(name, gradAny)
	if at < 0 {
		return false
	}
	start := bytes.LastIndexByte(name[:at], '/') + 1
	tries := maxScopes
	for rest := name[start:]; ; tries-- {
		part, more, below := bytes.Cut(rest, []byte{'/'})
		if !below {
			return false
		}
		if bytes.Equal(part, gradTape) || bytes.HasPrefix(part, gradScope) && graph.UniqueSuffix(part[len(gradScope):]) {
			return true
		}
		if forward, ok := bytes.CutSuffix(part, gradSuffix); ok && tries > 0 && f.differentiates(name[:len(name)-len(rest)], forward) {
			return true
		}
		rest = more
	}
}

// differentiates reports whether last, below some part of the scopes before it, is the name of a node.
func (f *Flow) differentiates(scopes, last []byte) bool {
	_, found := f.findBelow(append(append(make([]byte, 0, len(scopes)+len(last)), scopes...), last...))
	return found
}

// maxScopes is how many scopes of a name are taken away in search of a node: a bound for names made to be slow.
const maxScopes = 24

// findBelow returns the node called name, or what is left of name when some of its first scopes are taken away.
func (f *Flow) findBelow(name []byte) (int32, bool) {
	for range maxScopes {
		if i, found := f.g.Find(name); found {
			return int32(i), true
		}
		_, below, more := bytes.Cut(name, []byte{'/'})
		if !more {
			break
		}
		name = below
	}
	return 0, false
}

// begins reports whether a node among the gradients, called name, is what tf.gradients begins with: ones of the shape of the
// loss, "gradients/Fill" or "gradients/grad_ys_0".
func (f *Flow) begins(i int32, name []byte) bool {
	switch f.g.OpName(f.g.Op(int(i))) {
	case "Fill", "Const", "OnesLike":
	default:
		return false
	}
	slash := bytes.LastIndexByte(name, '/')
	if slash < 0 {
		return false
	}
	scope, last := name[:slash], name[slash+1:]
	if scope = scope[bytes.LastIndexByte(scope, '/')+1:]; !bytes.HasPrefix(scope, gradScope) {
		return false
	}
	base, _, _ := bytes.Cut(last, []byte{'_'})
	switch string(base) {
	case "Fill", "Const", "ones":
		return true
	}
	return bytes.HasPrefix(last, []byte("grad_ys"))
}

// differentiated returns the node that the gradient called name belongs to: "x" for "train/gradients/x_grad/Reshape".
func (f *Flow) differentiated(name []byte) (int32, bool) {
	end := bytes.LastIndex(name, []byte("_grad/"))
	if end < 0 {
		return 0, false
	}
	i, found := f.findBelow(name[:end])
	if !found {
		i, found = f.findBeside(name[:end])
	}
	return i, found && f.marks[i]&MarkGradient == 0
}

// findBeside returns the node that is called like a gradient without the scope "gradients" and what stands before that, but for
// a beginning that the whole graph got when it was imported: "a/x" for "a/train/gradients/x".
func (f *Flow) findBeside(gradient []byte) (int32, bool) {
	var starts []int // where the first scopes begin
	for at := 0; len(starts) < maxScopes; {
		starts = append(starts, at)
		part, _, more := bytes.Cut(gradient[at:], []byte{'/'})
		if !more {
			break
		}
		after := at + len(part) + 1
		if bytes.HasPrefix(part, gradScope) && graph.UniqueSuffix(part[len(gradScope):]) {
			for _, start := range starts[1:] {
				if i, found := f.g.Find(append(bytes.Clone(gradient[:start]), gradient[after:]...)); found {
					return int32(i), true
				}
			}
		}
		at = after
	}
	return 0, false
}
