package rewrite

import (
	"github.com/metagraph/metagraph/internal/scope"
)

// nameElements finds the new names of the elements that were asked for.
func (i *importer) nameElements() error {
	if len(i.o.ReturnElements) == 0 {
		return nil
	}
	wanted := make(map[string]bool)
	for _, element := range i.o.ReturnElements {
		_, node, _ := scope.Split([]byte(element))
		wanted[string(node)] = true
	}
	found, err := findNodes(i.in.Graph(), wanted)
	if err != nil {
		return err
	}
	for _, element := range i.o.ReturnElements {
		mark, name, port := scope.Split([]byte(element))
		node, ok := found[string(name)]
		switch {
		case len(mark) > 0:
			i.trouble.add("give NAME for a node and NAME:K for a tensor", "--return-elements: %q is neither a node nor a tensor", element)
			continue
		case !ok:
			names, err := nodeNames(i.in.Graph())
			if err != nil {
				return err
			}
			i.trouble.add(meant(string(name), names), "--return-elements: the imported graph has no node %q", name)
			continue
		case len(port) > 0:
			if problem := checkOutput(i.in, i.ops, node, port); problem != "" {
				i.trouble.add("", "--return-elements %s: %s", element, problem)
				continue
			}
		}
		to := i.plan.Node(string(name)) + string(port)
		if target, ok := i.plan.Inputs[string(scope.Spelling([]byte(element)))]; ok && len(port) > 0 {
			to = tensorName(target) // a mapped tensor is what it was mapped to (PopulateReturnTensors in graph_constructor.cc)
		}
		i.report.Returned = append(i.report.Returned, Rename{element, to})
	}
	return nil
}
