package main

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/wire"
)

// outputFlags holds the flags of every rewriting command for its output and its report.
type outputFlags struct {
	format       string
	allowUnknown bool
	quiet        bool
	dryRun       bool
	report       string
}

// register adds the flags to a command.
func (out *outputFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&out.format, "output-format", "auto", "output `FORMAT`: auto (by name), binary, text or json")
	f.BoolVar(&out.allowUnknown, "allow-unknown", false, "write unknown fields as text, by field number")
	f.BoolVarP(&out.quiet, "quiet", "q", false, "do not print a report")
	f.BoolVar(&out.dryRun, "dry-run", false, "show what would change; do not write")
	f.StringVar(&out.report, "report", "text", "`FORMAT` of the report on stderr: text or json")
}

// check returns an error for invalid values. It is called before any file is opened.
func (out *outputFlags) check() error {
	if _, err := metafile.ParseFormat(out.format); err != nil {
		return usageErrorf("leave out --output-format to choose the format by the name of the output", "--output-format: %v", err)
	}
	if out.report != "text" && out.report != "json" {
		return usageErrorf("use text or json", "unknown --report %q", out.report)
	}
	return nil
}

// binary reports whether a file at path is written in binary.
func (out *outputFlags) binary(path string) bool {
	format, err := metafile.ParseFormat(out.format)
	return err == nil && (format == metafile.Binary || format == metafile.Auto && metafile.FormatOf(path) == metafile.Binary)
}

// A result is the output of a rewriting command.
type result struct {
	message *wire.Rope
	place   place
	reports []taggedReport
	hints   []string     // what the user can do next
	verify  func() error // checks the data that the message refers to, after the size of the message was checked; may be nil
	release func() error // closes the inputs before a file is replaced; nil: the function release

	// companions stages further files, which are written atomically with the message; may be nil
	companions func(stage *metafile.Stage, options metafile.WriteOptions) error
}

// A taggedReport is the report about one MetaGraphDef of a SavedModel, or about all of a file.
type taggedReport struct {
	report render.Report
	tags   *string // the tag-set; nil unless there are several reports
}

// addHint adds a hint, unless it was added before.
func (r *result) addHint(hint string) {
	if !slices.Contains(r.hints, hint) {
		r.hints = append(r.hints, hint)
	}
}

// reportOf returns the only report of a result.
func reportOf(r render.Report) []taggedReport { return []taggedReport{{report: r}} }

// write writes a result and prints the report. Before it replaces a file, it closes the inputs. It returns an error if they have changed
// since they were opened.
func (out *outputFlags) write(ctx context.Context, env *environment, r result, inputs ...*metafile.File) error {
	if r.release == nil {
		r.release = func() error { return release(inputs) }
	}
	format, err := metafile.ParseFormat(out.format)
	if err != nil {
		return err
	}
	if err := r.check(format); err != nil {
		return err
	}
	options := metafile.WriteOptions{Format: format, AllowUnknown: out.allowUnknown, Stdout: env.stdout, Terminal: env.stdoutTerminal, Ready: r.release}
	if out.dryRun {
		err = cmp.Or(metafile.Try(ctx, r.place.path, r.message, r.place.kind, options), r.release())
	} else {
		err = r.replace(ctx, options)
	}
	if err != nil {
		return cmp.Or(changed(inputs), err) // a changed input is the probable cause of the failure
	}
	file := r.place.name()
	if out.dryRun {
		file = inputs[0].Name
	}
	out.say(env, file, r)
	return nil
}

// check returns an error if the result cannot be written in a format.
func (r *result) check(format metafile.Format) error {
	if err := cmp.Or(metafile.CheckSize(r.place.path, r.message, r.place.kind), metafile.CheckKind(r.place.path, r.message, r.place.kind, format)); err != nil || r.verify == nil {
		return err
	}
	return r.verify()
}

// writeGraphs writes the rewritten MetaGraphDefs metas, one for each that is selected in in, to path.
func (out *outputFlags) writeGraphs(ctx context.Context, env *environment, path string, r result, metas []*wire.Rope, in *metafile.File) error {
	var err error
	if r.place, err = placeOf(path, in, in); err != nil {
		return err
	}
	if r.message, err = r.place.message(metas...); err != nil {
		return in.Annotate(err)
	}
	return out.write(ctx, env, r, in)
}

// replace writes the file and its companions, or the new directory that contains it.
func (r *result) replace(ctx context.Context, options metafile.WriteOptions) error {
	switch {
	case r.companions != nil:
		return r.replaceAll(ctx, options)
	case r.place.directory == "":
		return metafile.Write(ctx, r.place.path, r.message, r.place.kind, options)
	}
	return metafile.WriteDirectory(ctx, r.place.directory, func(d *metafile.Directory) error {
		return r.place.copyTo(d, func(path string) error { return metafile.Write(d.Ctx, path, r.message, r.place.kind, options) })
	})
}

// replaceAll writes the file and its companions: all of them or none.
func (r *result) replaceAll(ctx context.Context, options metafile.WriteOptions) error {
	if options.Format == metafile.Auto {
		options.Format = metafile.FormatOf(r.place.path)
	}
	stage := metafile.NewStage(ctx)
	defer stage.Discard() //nolint:errcheck // after a commit there is nothing to discard
	if err := stage.Message(r.place.path, r.message, r.place.kind, options); err != nil {
		return err
	}
	if err := r.companions(stage, options); err != nil {
		return err
	}
	if err := options.Ready(); err != nil {
		return err
	}
	return stage.Commit()
}

// checkpointNextTo returns the companions of the file at path that are a checkpoint made of the sources.
func checkpointNextTo(path string, sources []checkpoint.Source) func(*metafile.Stage, metafile.WriteOptions) error {
	return func(stage *metafile.Stage, _ metafile.WriteOptions) error {
		if len(sources) == 0 {
			return nil
		}
		return checkpoint.Stage(stage, strings.TrimSuffix(path, filepath.Ext(path)), sources...)
	}
}

// changed returns an error if one of the inputs changed since it was opened.
func changed(inputs []*metafile.File) error {
	for _, in := range inputs {
		if err := in.Changed(); err != nil {
			return err
		}
	}
	return nil
}

// release closes the inputs. It returns an error if one of them changed since it was opened.
func release(inputs []*metafile.File) error {
	if err := changed(inputs); err != nil {
		return err
	}
	var err error
	for _, in := range inputs {
		err = cmp.Or(err, in.Close())
	}
	return err
}

// closeAll closes files that were only read.
func closeAll(files []*metafile.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// target returns the file that OUT refers to. If OUT equals the argument of an input that is a directory or a checkpoint prefix, that is
// the file in which the input was found, provided that it holds the same type of message.
func target(path string, kind metafile.Kind, inputs ...*metafile.File) string {
	for _, in := range inputs {
		if in.Path != "" && path != "" && filepath.Clean(in.Argument) == filepath.Clean(path) && in.Kind == kind {
			return in.Path
		}
	}
	return path
}

// say prints the reports to stderr. The report about a GraphDef says which parts it lacks. say ignores errors of stderr, since
// the exit code is about the result.
func (out *outputFlags) say(env *environment, file string, r result) {
	if out.quiet {
		return
	}
	for i, one := range r.reports {
		if whole, ok := one.report.(interface{ GraphAlone() }); ok && r.place.kind == metafile.GraphDef {
			whole.GraphAlone()
		}
		if out.report == "json" {
			_ = render.ReportJSON(env.stderr, render.Written{File: file, Kind: r.place.kind.String(), Tags: one.tags}, one.report)
			continue
		}
		notice, about := one.report.Notice(), r.place.kind.String()
		if i == len(r.reports)-1 {
			notice.Hints = append(notice.Hints, r.hints...)
		}
		if one.tags != nil {
			about += ", tags " + *one.tags
		}
		_ = render.PrintNotice(env.stderr, file+" ("+about+")", notice, env.notices)
	}
}

// found ends a check of in. It prints the report, and returns errFound if found is true.
func (out *outputFlags) found(env *environment, in *metafile.File, r result, found bool) error {
	if err := in.Changed(); err != nil {
		return err
	}
	out.say(env, in.Name, r)
	if found {
		return errFound
	}
	return nil
}
