package dataflow

import (
	"bytes"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/hugepage"
	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/parallel"
)

// A mark is a fact about a node. A node can have several marks.
type mark uint32

// The marks of a node.
const (
	MarkGradient  mark = 1 << iota // part of a gradient, or computed from one
	markSource                     // descends from an input tensor, labels included
	markWeights                    // a trainable variable, or computed only from trainable variables
	markLayer                      // combines data with trainable variables
	markAbove                      // has a layer downstream
	markAboveFree                  // has a layer downstream that depends on no label
	markLabel                      // depends on a label
	markData                       // descends from data fed for inference
	markBelow                      // is a layer, or descends from one
	markInside                     // inside a while loop or a branch
	MarkTrained                    // a loss that gradients are computed for
	markToLoss                     // is such a loss, or has one downstream
	markWanted                     // a prediction depends on it
	markTarget                     // depends on a comparison with the target that the model reproduces
	markKeeping                    // its results reach only variables, queues, checkpoints and assertions
	markMeets                      // one of its results is combined with the model's results
	markAsked                      // set only while one question is answered
	markElsewhere                  // a node that does not depend on labels is computed from it
)

// A Flow is a graph whose nodes carry marks. The marks record how data flows from inputs to outputs.
type Flow struct {
	g     *graph.Graph
	class []opdef.Class // by op id
	marks []mark        // by node
	queue []int32       // reused by spread
	named []namedNodes  // by runs of nodes
}

// namedNodes are the nodes of one run that their op or their name marks, in file order.
type namedNodes struct {
	gradients []int32
	reports   []int32 // of the variables that are uninitialized
}

// NewFlow returns the Flow of g with no marks set. It reads the names of all nodes, on all processors.
func NewFlow(g *graph.Graph) *Flow {
	f := &Flow{g: g, class: make([]opdef.Class, len(g.Ops())), marks: hugepage.Make[mark](g.Len(), g.Len())}
	reports := make([]bool, len(g.Ops())) // by op id
	for id, op := range g.Ops() {
		f.class[id] = opdef.Classify(op)
		reports[id] = opdef.ChecksInitialized(op)
	}
	_ = parallel.Ordered(parallel.Runs(g.Len()), func(run parallel.Run) (namedNodes, error) {
		var found namedNodes
		for i := int32(run.First); i < int32(run.End); i++ {
			name := g.Name(int(i))
			if f.Is(i, opdef.ClassGradient) || f.gradientName(name) {
				found.gradients = append(found.gradients, i)
			}
			if reports[g.Op(int(i))] || reportName(name) {
				found.reports = append(found.reports, i)
			}
		}
		return found, nil
	}, func(found namedNodes) error {
		f.named = append(f.named, found)
		return nil
	})
	return f
}

// Is reports whether the op of node i belongs to one of the classes.
func (f *Flow) Is(i int32, class opdef.Class) bool { return f.class[f.g.Op(int(i))]&class != 0 }

// Has reports whether node i has one of the marks in m.
func (f *Flow) Has(i int32, m mark) bool { return f.marks[i]&m != 0 }

// isReadAsData reports whether consumer e of node i uses the output as data, rather than as a size, a condition or a
// control input.
func (f *Flow) isReadAsData(i int32, e graph.Edge) bool {
	if e.Port < 0 || f.Is(i, opdef.ClassShape) {
		return false
	}
	if f.Is(e.Node, opdef.ClassSwitch) {
		// Only the first input of a Switch flows through it; the second one is the condition.
		in := f.g.Inputs(int(e.Node))
		return len(in) == 0 || in[0].Node == i && in[0].Port == e.Port
	}
	return true
}

// spread sets m on the seeds and on every node downstream of them through data inputs. It enters only nodes that enter
// accepts. Seeds that already have the mark are spread from, too.
func (f *Flow) spread(seeds []int32, m mark, enter func(i int32) bool) {
	f.queue = append(f.queue[:0], seeds...)
	for _, i := range seeds {
		f.marks[i] |= m
	}
	for len(f.queue) > 0 {
		i := f.queue[len(f.queue)-1]
		f.queue = f.queue[:len(f.queue)-1]
		if f.Is(i, opdef.ClassShape) {
			continue
		}
		for _, e := range f.g.Consumers(int(i)) {
			if f.marks[e.Node]&m == 0 && f.isReadAsData(i, e) && enter(e.Node) {
				f.marks[e.Node] |= m
				f.queue = append(f.queue, e.Node)
			}
		}
	}
}

// spreadPorts is like spread but starts from single outputs. It marks the consumers of each output, not the node that
// produces it.
func (f *Flow) spreadPorts(seeds []graph.Edge, m mark, enter func(i int32) bool) {
	var first []int32
	for _, seed := range seeds {
		for _, e := range f.g.Consumers(int(seed.Node)) {
			if e.Port == seed.Port && f.marks[e.Node]&m == 0 && f.isReadAsData(seed.Node, e) && enter(e.Node) {
				f.marks[e.Node] |= m
				first = append(first, e.Node)
			}
		}
	}
	f.spread(first, m, enter)
}

// spreadUp sets m on every node upstream of the seeds that enter accepts. A seed is marked only if it is upstream of
// another seed.
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

// forward reports whether node i helps compute results from the inputs, rather than training, queueing or saving. It
// returns false for nodes where data enters.
func (f *Flow) forward(i int32) bool {
	return f.marks[i]&(MarkGradient|markKeeping) == 0 && !f.Is(i, opdef.ClassTerminal|opdef.ClassVariable) && !f.isDataSource(i)
}

// isDataSource reports whether data enters the graph at node i. A PlaceholderWithDefault whose default is computed from
// data passes that data on, so it does not count.
func (f *Flow) isDataSource(i int32) bool {
	if !f.Is(i, opdef.ClassSource) {
		return false
	}
	if in := f.g.Inputs(int(i)); len(in) > 0 && f.g.OpName(f.g.Op(int(i))) == "PlaceholderWithDefault" {
		return in[0].Node == graph.Dangling || f.Is(in[0].Node, opdef.ClassConst|opdef.ClassShape)
	}
	return true
}

// withClass returns the nodes whose op belongs to one of the classes, in file order.
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

// anyOp reports whether any op of the graph belongs to one of the classes.
func (f *Flow) anyOp(class opdef.Class) bool {
	for _, c := range f.class {
		if c&class != 0 {
			return true
		}
	}
	return false
}

// MarkGradients marks gradients, everything computed from them, and the losses they are computed for.
func (f *Flow) MarkGradients() {
	var seeds, starts []int32
	for _, run := range f.named {
		for _, i := range run.gradients {
			f.marks[i] |= MarkGradient
			// The lists that save a loop's values for its gradient are created among the gradients but feed the loop. They
			// must not turn the loop into a gradient.
			if !f.Is(i, opdef.ClassConst|opdef.ClassList) {
				seeds = append(seeds, i)
			}
			if f.isInitialGradient(i) {
				starts = append(starts, i)
			}
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

// markInitialization marks the nodes that check which variables are uninitialized, as an Estimator's ready_op does
// (report_uninitialized_variables in tensorflow/python/ops/variables.py).
func (f *Flow) markInitialization() {
	var seeds []int32
	for _, run := range f.named {
		seeds = append(seeds, run.reports...)
	}
	f.spread(seeds, markKeeping, func(i int32) bool { return !f.Is(i, opdef.ClassVariable) })
}

// reportName reports whether a node is in a scope of report_uninitialized_variables or report_uninitialized_resources.
func reportName(name []byte) bool {
	for {
		at := indexOf(name, reportScope, len("report_uninitiali"))
		if at <= 0 || name[at-1] == '/' {
			return at >= 0
		}
		name = name[at+1:]
	}
}

// markKeepers marks bookkeeping nodes, such as the moving averages of a batch normalization. Their results reach only
// variables, queues, checkpoints and assertions.
//
// Losses are excluded, because a loss may be read only by its moving average. Decisions are excluded, because a
// decision may be read only by a streaming metric.
func (f *Flow) markKeepers() {
	if !f.anyOp(opdef.ClassKeeper) {
		return
	}
	readers := hugepage.Make[int32](f.g.Len(), f.g.Len()) // number of consumers not known to be bookkeeping
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

	reportScope = []byte("report_uninitialized_")
)

// gradientName reports whether tf.gradients or a gradient tape named the node. Such names contain a scope "gradients"
// or "gradients_1", or a scope named after the differentiated node (tensorflow/python/ops/gradients_util.py).
func (f *Flow) gradientName(name []byte) bool {
	at := indexOf(name, gradAny, 0)
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

// indexOf is bytes.Index for a word in a name. It first looks for word[rare], a letter that few names contain, which
// takes a third of the time.
func indexOf(name, word []byte, rare int) int {
	for from := rare; from < len(name); from++ {
		at := bytes.IndexByte(name[from:], word[rare])
		if at < 0 {
			break
		}
		if from += at; bytes.HasPrefix(name[from-rare:], word) {
			return from - rare
		}
	}
	return -1
}

// differentiates reports whether the graph has a node named scopes + last, possibly without some of the leading
// scopes.
func (f *Flow) differentiates(scopes, last []byte) bool {
	_, found := f.findBelow(append(append(make([]byte, 0, len(scopes)+len(last)), scopes...), last...))
	return found
}

// maxScopes limits how many scopes of a name are removed in search of a node. It bounds the work for hostile names.
const maxScopes = 24

// findBelow returns the node with the given name. If there is none, it removes leading scopes one at a time until a node
// matches.
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

// isInitialGradient reports whether node i, a gradient, is the initial gradient that tf.gradients creates for a loss: "gradients/Fill"
// or "gradients/grad_ys_0".
func (f *Flow) isInitialGradient(i int32) bool {
	switch f.g.OpName(f.g.Op(int(i))) {
	case "Fill", "Const", "OnesLike":
	default:
		return false
	}
	name := f.g.Name(int(i))
	slash := bytes.LastIndexByte(name, '/')
	if slash < 0 {
		return false
	}
	scope, last := name[:slash], name[slash+1:]
	base, _, _ := bytes.Cut(last, []byte{'_'})
	switch string(base) {
	case "Fill", "Const", "ones":
	default:
		if !bytes.HasPrefix(last, []byte("grad_ys")) {
			return false
		}
	}
	return bytes.HasPrefix(scope[bytes.LastIndexByte(scope, '/')+1:], gradScope)
}

// differentiated returns the node to whose gradient a name belongs: "x" for "train/gradients/x_grad/Reshape".
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

// findBeside removes the scope "gradients", and some of the scopes before it, from a gradient's name and returns the
// node with the remaining name. It keeps at least the first scope, which an import may have added:
// "a/train/gradients/x" gives "a/x".
func (f *Flow) findBeside(gradient []byte) (int32, bool) {
	var starts []int // offsets of the first scopes
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
