package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/wire"
)

// clearDevicesOptions holds the flags of clear-devices.
type clearDevicesOptions struct {
	in           inputFlags
	out          outputFlags
	match        []string
	maps         []string
	accelerators bool
	colocation   bool
	graphOnly    bool
	check        bool
}

func newClearDevicesCommand(env *environment) *cobra.Command {
	o := clearDevicesOptions{in: inputFlags{allTags: true}}
	cmd := &cobra.Command{
		Use:   "clear-devices [IN [OUT]]",
		Short: "Remove device placements",
		Long: `clear-devices removes the device of every node, in the graph and in function bodies, so that the graph runs on another
machine. It changes nothing else. It is the equivalent of tf.train.import_meta_graph(clear_devices=True) for files.

Devices are compared by meaning, and case does not matter: --match '/gpu:*' also matches /job:worker/task:1/device:GPU:3.
--map moves the nodes on OLD to NEW. It clears all other nodes unless --match selects which ones. With both --match and
--accelerators, a device must satisfy both.

If OLD in --map matches no device, that is an error. If --match matches no device, that is only a warning, since a check often
expects it.`,
		Example: `  metagraph clear-devices gpu.meta local.meta
  metagraph clear-devices --match '/job:ps' in.meta out.meta
  metagraph clear-devices --map '/gpu:*=/gpu:0' in.meta out.meta
  metagraph clear-devices --tag-set all saved_model/ local_model/
  metagraph clear-devices --check --accelerators model.meta    # exit 1 if a node needs a GPU, a TPU or a remote device`,
		Args: inputAndOutput,
		RunE: func(cmd *cobra.Command, args []string) error { return runClearDevices(cmd, env, &o, args) },
	}
	o.in.register(cmd)
	o.out.register(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&o.match, "match", nil, "clear only devices matching `PATTERN` (repeatable, comma-separated)")
	f.StringArrayVar(&o.maps, "map", nil, "move nodes from OLD to NEW: `OLD=NEW` (repeatable, comma-separated)")
	f.BoolVar(&o.accelerators, "accelerators", false, "clear only accelerators and devices with a job, not local CPUs")
	f.BoolVar(&o.colocation, "colocation", false, "also remove colocation constraints")
	f.BoolVar(&o.graphOnly, "graph-only", false, "skip function bodies, as TensorFlow does")
	f.BoolVar(&o.check, "check", false, "write nothing; exit with code 1 if there is a device to clear")
	return cmd
}

func runClearDevices(cmd *cobra.Command, env *environment, o *clearDevicesOptions, args []string) error {
	options, err := o.parse(args)
	if err != nil {
		return err
	}
	in, err := o.in.open(env, argument(args, 0))
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	if err := o.stream(cmd.Context(), env, in, argument(args, 1), options); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	metas, report, err := clearAll(in, options)
	if err != nil {
		return in.Annotate(err)
	}
	if err := checkMatched(in.Name, report, options); err != nil {
		return err
	}
	if o.check {
		return o.out.found(env, in, o.result(in, report), report.Changed())
	}
	return o.out.writeGraphs(cmd.Context(), env, argument(args, 1), o.result(in, report), metas, in)
}

// result returns the result for a report, without the message.
func (o *clearDevicesOptions) result(in *metafile.File, report *rewrite.DevicesReport) result {
	dry := o.check || o.out.dryRun
	r := result{place: place{kind: in.Kind}, reports: reportOf(render.Devices{DevicesReport: report, Check: dry, DryRun: dry})}
	if report.Left.Elsewhere > 0 {
		r.hints = append(r.hints, "--colocation also removes the colocation constraints")
	}
	return r
}

// streamFrom is the size of a graph from which clear-devices writes while it reads. Tests lower it.
var streamFrom = 4 << 20

// streamGCPercent is the GC percentage while clear-devices streams (see debug.SetGCPercent). It is high because little is allocated, and
// most of that lasts until the end.
const streamGCPercent = 400

// stream clears the devices of in while it writes OUT, and prints the report. That takes less time and memory. Errors in the graph are found
// only while OUT is written, so OUT must be a file that is replaced at the end. If it is not, or if its kind or format differs from in, the
// error is errors.ErrUnsupported.
func (o *clearDevicesOptions) stream(ctx context.Context, env *environment, in *metafile.File, out string, options rewrite.DeviceOptions) error {
	if o.check || o.out.dryRun || in.Kind == metafile.SavedModel || !in.Meta.Streams(streamFrom) {
		return errors.ErrUnsupported
	}
	p, err := placeOf(out, in, in)
	if err != nil || p.kind != in.Kind || !o.out.binary(p.path) {
		return errors.ErrUnsupported
	}
	defer debug.SetGCPercent(debug.SetGCPercent(streamGCPercent))
	var report *rewrite.DevicesReport
	inputs := []*metafile.File{in}
	err = metafile.Replace(ctx, p.path, p.kind, metafile.WriteOptions{Ready: func() error { return release(inputs) }}, func(w io.Writer, patch io.WriterAt) (err error) {
		if report, err = rewrite.StreamDevices(wire.NewStream(w, patch), in.Meta, options); err != nil {
			return err
		}
		return checkMatched(in.Name, report, options)
	})
	if damaged := metafile.FileOf(err, in); damaged != nil {
		return damaged.Annotate(err)
	}
	if err != nil {
		return cmp.Or(changed(inputs), err)
	}
	o.out.say(env, p.name(), o.result(in, report))
	return nil
}

// clearAll clears the devices of all selected MetaGraphDefs. It returns them in order, and one report for all.
func clearAll(in *metafile.File, o rewrite.DeviceOptions) (metas []*wire.Rope, all *rewrite.DevicesReport, err error) {
	for _, graph := range in.Selected() {
		meta, report, err := rewrite.ClearDevices(graph.Meta, o)
		if err != nil {
			return nil, nil, err
		}
		metas = append(metas, meta)
		if all == nil {
			all = report
		} else {
			all.Add(report)
		}
	}
	return metas, all, nil
}

// checkMatched returns an error if OLD of a --map matches no device, or if a pattern that matches nothing contains a device type that is
// probably misspelled. Otherwise such a file would look clean.
func checkMatched(name string, report *rewrite.DevicesReport, o rewrite.DeviceOptions) error {
	available := "the file has no devices"
	if len(report.Available) > 0 {
		available = "available: " + shortList(report.Available)
	}
	if err := report.Mapped(o); err != nil {
		return fileErrorf(name, available, "--map: %v", err)
	}
	for _, p := range o.Match {
		if near := p.UnknownType(); near != "" && slices.Contains(report.Unmatched, p.String()) {
			return fileErrorf(name, fmt.Sprintf("did you mean %s?", near), "--match %q: unknown device type", p)
		}
	}
	return nil
}

// parse converts the flags to options. It rejects a second argument of --check, which may be a second file to check.
func (o *clearDevicesOptions) parse(args []string) (rewrite.DeviceOptions, error) {
	options := rewrite.DeviceOptions{Accelerators: o.accelerators, Colocation: o.colocation, GraphOnly: o.graphOnly}
	if o.check && len(args) > 1 {
		return options, usageErrorf("check one file at a time", "--check writes nothing and checks only %q, not %q", args[0], args[1])
	}
	for _, text := range splitLists(o.match) {
		if text == "" {
			return options, usageErrorf("leave out --match to clear all devices", "--match has an empty pattern")
		}
		p, err := devicePattern("--match", text)
		if err != nil {
			return options, err
		}
		options.Match = append(options.Match, p)
	}
	targets := make(map[string]string)
	for _, text := range splitLists(o.maps) {
		from, to, ok := strings.Cut(text, "=")
		if !ok || from == "" {
			return options, usageErrorf("for example --map /gpu:1=/gpu:0", "--map %q: expected OLD=NEW", text)
		}
		p, err := devicePattern("--map", from)
		if err != nil {
			return options, err
		}
		if _, ok := match.ParseDevice(to); to != "" && !ok {
			return options, usageErrorf("use something like /gpu:0 or /job:ps/task:1/device:CPU:0", "--map %q: invalid device %q", text, to)
		}
		if other, ok := targets[from]; ok && other != to {
			return options, usageErrorf("leave out one of them", "--map: %s is mapped to %q and to %q", from, other, to)
		}
		targets[from] = to
		options.Map = append(options.Map, rewrite.DeviceMapping{From: p, To: to})
	}
	return options, o.out.check()
}

// devicePattern parses a device pattern from a flag. Its error names the flag.
func devicePattern(flag, text string) (match.DevicePattern, error) {
	p, err := match.ParseDevicePattern(text)
	if invalid, ok := errors.AsType[*match.DevicePatternError](err); ok {
		hint := ""
		if invalid.Nearest != "" {
			hint = "did you mean " + invalid.Nearest + "?"
		}
		return p, usageErrorf(hint, "%s: %v", flag, err)
	}
	return p, err
}
