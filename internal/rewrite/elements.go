package rewrite

import (
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// nameElements finds the new names of the requested elements.
func (i *importer) nameElements() error {
	if len(i.o.ReturnElements) == 0 {
		return nil
	}
	if err := i.in.indexed(); err != nil {
		return err
	}
	var n wire.Node
	for _, element := range i.o.ReturnElements {
		mark, name, port := scope.Split([]byte(element))
		node, found := i.in.index.Find(name)
		k, number := outputNumber(port)
		switch {
		case len(mark) > 0 || !number:
			i.conflicts.About(ReturnElementsArgument, "write NAME for a node and NAME:K for a tensor", "%q is neither a node nor a tensor", element)
			continue
		case !found:
			i.conflicts.About(ReturnElementsArgument, draft.Suggest(string(name), nodeNames(i.in.index)), "the imported graph has no node %q", name)
			continue
		case len(port) > 0:
			i.in.index.Node(node, &n)
			if count, known := i.in.tensors.CountOutputs(&n); known && k >= count {
				i.conflicts.About(ReturnElementsArgument, "", "the imported graph has no %q: the node has %s", element, countOutputs(count))
				continue
			}
		}
		to := i.plan.Node(string(name)) + string(port)
		if target, ok := i.plan.Inputs[string(scope.Spelling([]byte(element)))]; ok && len(port) > 0 {
			to = tensorName(target) // a mapped tensor is replaced by its target (PopulateReturnTensors in graph_constructor.cc)
		}
		i.report.Returned = append(i.report.Returned, Rename{element, to})
	}
	return nil
}
