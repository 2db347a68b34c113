package rewrite

import (
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/wire"
)

// tensorName returns an input as a tensor name, which always includes the output number. Control inputs stay unchanged.
func tensorName(input string) string {
	if strings.Contains(input, ":") || strings.HasPrefix(input, "^") {
		return input
	}
	return input + ":0"
}

// outputNumber returns the output number in a port, and whether it is valid. An empty port means output 0.
func outputNumber(port []byte) (int, bool) {
	if len(port) == 0 {
		return 0, true
	}
	in := wire.Input{Port: port[1:]}
	return in.Output()
}

// countOutputs returns "no output", "1 output", "2 outputs".
func countOutputs(n int) string {
	switch n {
	case 0:
		return "no output"
	case 1:
		return "1 output"
	}
	return strconv.Itoa(n) + " outputs"
}

// nodeNames returns the names of all nodes.
func nodeNames(g *graph.Graph) []string {
	names := make([]string, g.Len())
	for i := range names {
		names[i] = string(g.Name(i))
	}
	return names
}
