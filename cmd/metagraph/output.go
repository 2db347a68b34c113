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

// A result is the output of a rewriting command.
type result struct {
	message   *wire.Rope
	kind      metafile.Kind
	place     *place // where to write; nil if only the path is known
	reports   []taggedReport
	hints     []string     // what the user can do next
	verify    func() error // checks the data that the message refers to, after the size of the message was checked; may be nil
	companion *companion   // a second file, written atomically with the first; may be nil
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

// write writes a result to path and prints the report. Before it replaces a file, it closes the inputs. It returns an error if they have
// changed since they were opened.
func (out *outputFlags) write(ctx context.Context, env *environment, path string, r result, inputs ...*metafile.File) error {
	if r.place == nil {
		r.place = &place{path: target(path, r.kind, inputs...), kind: r.kind}
	}
	path, r.kind = r.place.path, r.place.kind
	format, err := metafile.ParseFormat(out.format)
	if err != nil {
		return err
	}
	if err := r.check(format); err != nil {
		return err
	}
	options := metafile.WriteOptions{Format: format, AllowUnknown: out.allowUnknown, Stdout: env.stdout, Terminal: env.stdoutTerminal,
		Ready: func() error { return release(inputs) }}
	if out.dryRun {
		err = cmp.Or(metafile.Try(ctx, path, r.message, r.kind, options), changed(inputs))
	} else {
		err = r.replace(ctx, options)
	}
	if err != nil {
		return cmp.Or(changed(inputs), err) // a changed input is the probable cause of the failure
	}
	out.say(env, out.reported(r.place, inputs), r)
	return nil
}

// check returns an error if the result cannot be written in a format.
func (r *result) check(format metafile.Format) error {
	if err := cmp.Or(metafile.CheckSize(r.place.path, r.message, r.kind), metafile.CheckKind(r.place.path, r.message, r.kind, format)); err != nil || r.verify == nil {
		return err
	}
	return r.verify()
}

// writeGraphs writes the rewritten MetaGraphDefs metas, one for each that is selected in in, to path.
func (out *outputFlags) writeGraphs(ctx context.Context, env *environment, path string, r result, metas []*wire.Rope, in *metafile.File) error {
	p, err := placeOf(path, in, in)
	if err != nil {
		return err
	}
	if r.message, err = p.message(metas...); err != nil {
		return in.Annotate(err)
	}
	r.place = &p
	return out.write(ctx, env, path, r, in)
}

// A companion is a file that is written next to a result.
type companion struct {
	path    string
	message *wire.Rope
	kind    metafile.Kind
}

// writeBoth writes the file and its companion in the same format, both or neither.
func (r *result) writeBoth(ctx context.Context, options metafile.WriteOptions) error {
	if options.Format == metafile.Auto {
		options.Format = metafile.FormatOf(r.place.path)
	}
	stage := metafile.NewStage(ctx)
	defer stage.Discard() //nolint:errcheck // after a commit there is nothing to discard
	if err := stage.Message(r.place.path, r.message, r.kind, options); err != nil {
		return err
	}
	if err := stage.Message(r.companion.path, r.companion.message, r.companion.kind, options); err != nil {
		return err
	}
	if err := options.Ready(); err != nil {
		return err
	}
	return stage.Commit()
}

// replace writes the file, or the new directory that contains it.
func (r *result) replace(ctx context.Context, options metafile.WriteOptions) error {
	if r.companion != nil {
		return r.writeBoth(ctx, options)
	}
	if r.place.directory == "" {
		return metafile.Write(ctx, r.place.path, r.message, r.kind, options)
	}
	return metafile.WriteDirectory(ctx, r.place.directory, func(d *metafile.Directory) error {
		return r.place.copyTo(d, func(path string) error { return metafile.Write(d.Ctx, path, r.message, r.kind, options) })
	})
}

// writeWith writes a message and, next to it, a checkpoint made of the sources, both or neither. It calls release before the files appear. In a
// dry run, it only checks the message.
func (out *outputFlags) writeWith(ctx context.Context, p place, message *wire.Rope, sources []checkpoint.Source, release func() error) error {
	format, err := metafile.ParseFormat(out.format)
	if err != nil {
		return err
	}
	options := metafile.WriteOptions{Format: format, AllowUnknown: out.allowUnknown}
	if out.dryRun {
		return cmp.Or(metafile.Try(ctx, p.path, message, p.kind, options), release())
	}
	stage := metafile.NewStage(ctx)
	defer stage.Discard() //nolint:errcheck // after a commit there is nothing to discard
	if err := stage.Message(p.path, message, p.kind, options); err != nil {
		return err
	}
	if len(sources) > 0 {
		if err := checkpoint.Stage(stage, strings.TrimSuffix(p.path, filepath.Ext(p.path)), sources...); err != nil {
			return err
		}
	}
	if err := release(); err != nil {
		return err
	}
	return stage.Commit()
}

// reported returns the name of the file for the report: the output, or the input if nothing is written.
func (out *outputFlags) reported(p *place, inputs []*metafile.File) string {
	if out.dryRun {
		return inputs[0].Name
	}
	return p.name()
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

// say prints the reports to stderr. The report about a GraphDef says which parts it lacks. say ignores errors of stderr, since the exit code is about the result.
func (out *outputFlags) say(env *environment, file string, r result) {
	if out.quiet {
		return
	}
	for i, one := range r.reports {
		if whole, ok := one.report.(interface{ GraphAlone() }); ok && r.kind == metafile.GraphDef {
			whole.GraphAlone()
		}
		if out.report == "json" {
			_ = render.ReportJSON(env.stderr, render.Written{File: file, Kind: r.kind.String(), Tags: one.tags}, one.report)
			continue
		}
		notice, about := one.report.Notice(), r.kind.String()
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
