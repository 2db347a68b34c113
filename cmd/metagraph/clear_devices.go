package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/scope"
)

// clearDevicesOptions is what the flags of clear-devices say.
type clearDevicesOptions struct {
	in         inputFlags
	out        outputFlags
	match      []string
	maps       []string
	colocation bool
	graphOnly  bool
	check      bool
}

func newClearDevicesCommand(env *environment) *cobra.Command {
	var o clearDevicesOptions
	cmd := &cobra.Command{
		Use:   "clear-devices [IN [OUT]]",
		Short: "Take the devices off a graph, so that it runs on another machine",
		Long: `clear-devices empties the device of every node, in the graph and in function bodies, and changes nothing else: what
tf.train.import_meta_graph(clear_devices=True) does, on files. A SavedModel stays a SavedModel, a GraphDef a GraphDef.

Devices are compared by what they mean: --match '/gpu:*' also finds /job:worker/task:1/device:GPU:3. With --map, the nodes
on OLD get the device NEW as it is given; what neither --map nor --match names is cleared, unless --match is given.

A pattern that fits no device is said, and is no error: that no node is on such a device is what --check and --match are
often asked to find.`,
		Example: `  metagraph clear-devices gpu.meta local.meta
  metagraph clear-devices --match '/job:ps' in.meta out.meta
  metagraph clear-devices --map /gpu:1=/gpu:0 --match /gpu:1 in.meta out.meta
  metagraph clear-devices --check model.meta    # exit 1 if a device is set`,
		Args: inputAndOutput,
		RunE: func(cmd *cobra.Command, args []string) error { return runClearDevices(cmd, env, &o, args) },
	}
	o.in.register(cmd)
	o.out.register(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&o.match, "match", nil, "only devices that fit `GLOB` (repeatable)")
	f.StringArrayVar(&o.maps, "map", nil, "put the nodes on OLD on NEW, and clear what is on no OLD, unless --match leaves it alone: `OLD=NEW` (repeatable)")
	f.BoolVar(&o.colocation, "colocation", false, "take the colocation groups off the _class attr too")
	f.BoolVar(&o.graphOnly, "graph-only", false, "leave function bodies alone, as TensorFlow does")
	f.BoolVar(&o.check, "check", false, "write nothing; exit 1 if there is something to clear")
	return cmd
}

func runClearDevices(cmd *cobra.Command, env *environment, o *clearDevicesOptions, args []string) error {
	options, err := o.parse()
	if err != nil {
		return err
	}
	in, err := o.in.open(env, argument(args, 0))
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	meta, report, err := rewrite.ClearDevices(in.Meta, options)
	if err != nil {
		return in.Locate(err)
	}
	dry := o.check || o.out.dryRun
	r := result{kind: in.Kind, report: render.Devices{DevicesReport: report, Check: dry, DryRun: dry}}
	if o.check {
		return o.out.found(env, in, r.report, report.Changed())
	}
	if r.message, err = in.Rebuild(meta); err != nil {
		return in.Locate(err)
	}
	return o.out.write(cmd.Context(), env, argument(args, 1), r, in)
}

// parse turns the flags into options.
func (o *clearDevicesOptions) parse() (rewrite.DeviceOptions, error) {
	options := rewrite.DeviceOptions{Colocation: o.colocation, GraphOnly: o.graphOnly}
	for _, text := range o.match {
		p, err := scope.ParseDevicePattern(text)
		if err != nil {
			return options, usageErrorf("", "--match: %v", err)
		}
		if text == "" {
			return options, usageErrorf("leave out --match to clear all devices", "--match has no pattern")
		}
		options.Match = append(options.Match, p)
	}
	targets := make(map[string]string)
	for _, text := range o.maps {
		from, to, ok := strings.Cut(text, "=")
		if !ok || from == "" {
			return options, usageErrorf("for example --map /gpu:1=/gpu:0", "--map %q is not OLD=NEW", text)
		}
		p, err := scope.ParseDevicePattern(from)
		if err != nil {
			return options, usageErrorf("", "--map: %v", err)
		}
		if _, ok := scope.ParseDevice(to); to != "" && !ok {
			return options, usageErrorf("a device is spelled like /gpu:0 or /job:ps/task:1/device:CPU:0", "--map %q: %q is no device", text, to)
		}
		if other, ok := targets[from]; ok && other != to {
			return options, usageErrorf("leave out one of them", "--map: %s is to become %q and %q", from, other, to)
		}
		targets[from] = to
		options.Map = append(options.Map, rewrite.DeviceMapping{From: p, To: to})
	}
	return options, o.out.check()
}
