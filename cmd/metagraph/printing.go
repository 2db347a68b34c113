package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/render"
)

// printingFlags holds the flags that say how show and diff print.
type printingFlags struct {
	formats []render.Format // what --format takes, the default first
	format  render.Format
	color   string
	open    bool
}

func (p *printingFlags) register(cmd *cobra.Command, formats []render.Format) {
	p.formats = formats
	names := formatNames(formats)
	last := len(names) - 1
	f := cmd.Flags()
	f.StringVar((*string)(&p.format), "format", names[0], "output `FORMAT`: "+strings.Join(names[:last], ", ")+" or "+names[last])
	f.StringVar(&p.color, "color", "auto", "use color: `WHEN` is auto, always or never")
	f.BoolVar(&p.open, "open", false, "open the HTML page in a browser (implies --format html)")
}

// formatsOf returns the values of --format, or nil if cmd does not have the flag.
func formatsOf(cmd *cobra.Command) []render.Format {
	switch cmd.Name() {
	case "show":
		return render.ShowFormats
	case "diff":
		return render.DiffFormats
	}
	return nil
}

// formatNames returns formats as --format takes them.
func formatNames(formats []render.Format) []string {
	names := make([]string, len(formats))
	for i, format := range formats {
		names[i] = string(format)
	}
	return names
}

// parse returns the format to print, which is HTML with --open, and whether to use color. It returns an error if a page would be
// printed to a terminal.
func (p *printingFlags) parse(env *environment) (format render.Format, color bool, err error) {
	format = p.format
	switch {
	case !slices.Contains(p.formats, format):
		err = usageErrorf("use "+strings.Join(formatNames(p.formats), ", "), "unknown --format %q", format)
	case p.open && (format == p.formats[0] || format == render.HTML):
		format = render.HTML
	case p.open:
		err = usageErrorf("leave out one of them", "--open shows an HTML page, not --format %s", format)
	case format == render.HTML && env.stdoutTerminal:
		err = usageErrorf("redirect the output (> page.html), or use --open", "--format html does not print to a terminal")
	}
	if err == nil {
		color, err = env.color(p.color)
	}
	return format, color, err
}
