package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
)

// convertFlags are the flags of export that change what a graph computes from, how and for whom.
type convertFlags struct {
	inputs, outputs []string
	signature       string
	shapes          []string
	dropAttrs       []string
}

// register adds the flags to a command.
func (c *convertFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&c.outputs, "outputs", nil, "keep only what these `tensors` need: [NAME=]TENSOR, or ^NODE for an op (repeatable, comma-separated)")
	f.StringArrayVar(&c.inputs, "inputs", nil, "cut the graph at these `tensors` and feed them: [NAME=]TENSOR (repeatable, comma-separated)")
	f.StringVar(&c.signature, "signature", rewrite.DefaultSignature, "`key` of the signature written for --inputs and --outputs")
	f.StringArrayVar(&c.shapes, "set-shape", nil, "set the `shape` of a placeholder: NAME=DIMS, such as x=8,224,224,? (repeatable)")
	f.StringArrayVar(&c.dropAttrs, "drop-attr", nil, "remove the attr with this `name` from all nodes, such as _output_shapes (repeatable, comma-separated)")
}

// parse adds what the flags say to the options of an export.
func (c *convertFlags) parse(o *rewrite.ExportOptions) error {
	var err error
	if o.Inputs, err = endpoints("--inputs", c.inputs); err != nil {
		return err
	}
	if o.Outputs, err = endpoints("--outputs", c.outputs); err != nil {
		return err
	}
	if len(o.Inputs) > 0 && len(o.Outputs) == 0 {
		return usageErrorf("name the outputs to keep: --outputs TENSOR", "--inputs needs --outputs")
	}
	if len(o.Outputs) > 0 && o.Scope != "" {
		return usageErrorf("run export twice, first with --outputs", "--outputs and --export-scope cannot be used together")
	}
	o.Signature = c.signature
	for _, spec := range c.shapes {
		shape, err := parseShape(spec)
		if err != nil {
			return err
		}
		o.Shapes = append(o.Shapes, shape)
	}
	o.DropAttrs = splitLists(c.dropAttrs)
	return nil
}

// endpoints parses the values of --inputs or --outputs.
func endpoints(flag string, lists []string) ([]prune.Endpoint, error) {
	var out []prune.Endpoint
	for _, spec := range splitLists(lists) {
		e, err := prune.Parse(spec)
		if err != nil {
			var remedy interface{ Remedy() string }
			errors.As(err, &remedy)
			return nil, usageErrorf(remedy.Remedy(), "%s: %v", flag, err)
		}
		out = append(out, e)
	}
	return out, nil
}

// parseShape parses a value of --set-shape. A node name holds no `=`.
func parseShape(spec string) (rewrite.NewShape, error) {
	const hint = "write NAME=DIMS, such as x=8,224,224,? (? is a dimension of any size)"
	name, dims, ok := strings.Cut(spec, "=")
	if !ok || name == "" {
		return rewrite.NewShape{}, usageErrorf(hint, "--set-shape %q names no placeholder and shape", spec)
	}
	shape := rewrite.NewShape{Node: strings.TrimSuffix(name, ":0"), Dims: []int64{}}
	if dims == "" {
		return shape, nil
	}
	for _, dim := range strings.Split(strings.Trim(dims, "()[]"), ",") {
		switch dim = strings.TrimSpace(dim); dim {
		case "?", "-1", "None":
			shape.Dims = append(shape.Dims, -1)
		default:
			size, err := strconv.ParseInt(dim, 10, 64)
			if err != nil || size < 0 {
				return shape, usageErrorf(hint, "--set-shape %s: invalid dimension %q", name, dim)
			}
			shape.Dims = append(shape.Dims, size)
		}
	}
	return shape, nil
}
