package main

import (
	"maps"
	"slices"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/inspect/problems"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/wire"
)

// checkMappedShapes returns an error if TensorFlow would reject the graph because mapped inputs have new shapes. It also checks function
// bodies, which rewrite.Import does not. It ignores problems that an input already has. It copies the result, so call it only if the
// import changed shapes.
func checkMappedShapes(result *wire.Rope, inputs ...*wire.MetaGraph) error {
	merged, err := wire.ParseMetaGraph(result.Bytes())
	if err != nil {
		return err
	}
	found, err := shapeProblems(merged)
	if err != nil || len(found) == 0 {
		return err
	}
	for _, input := range inputs {
		known, err := shapeProblems(input)
		if err != nil {
			return err
		}
		for message := range known {
			delete(found, message)
		}
	}
	var conflicts draft.Conflicts
	for _, message := range slices.Sorted(maps.Keys(found)) {
		p := found[message]
		conflicts = append(conflicts, draft.Conflict{Argument: rewrite.InputMapArgument, Problem: p.Place + ": " + message,
			Advice: "map it to a tensor with a shape that the imported graph accepts"})
	}
	if len(conflicts) == 0 {
		return nil
	}
	return conflicts
}

// shapeProblems returns the shape problems of a graph, by message.
func shapeProblems(m *wire.MetaGraph) (map[string]problems.Problem, error) {
	all, err := problems.Find(model.New(m))
	if err != nil {
		return nil, err
	}
	found := make(map[string]problems.Problem)
	for _, p := range all {
		switch p.ID {
		case "shape-mismatch", "inconsistent-shapes", "function-body":
			found[p.Message] = p
		}
	}
	return found, nil
}
