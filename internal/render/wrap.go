package render

import (
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// wrapLines is the largest number of lines of one text. Text from a file can have any length.
const wrapLines = 16

// wrap breaks text at spaces into lines of at most width columns and indents all but the first. It shortens a longer word in the middle
// and cuts the text after wrapLines lines.
func wrap(text string, width int) []string {
	var lines []string
	indent := ""
	for {
		fits := head(text, width-len(indent))
		switch {
		case len(fits) == len(text):
			return append(lines, indent+text)
		case len(lines) == wrapLines-1:
			return append(lines, indent+shorten(text, width-len(indent), true))
		}
		end := strings.LastIndexByte(text[:len(fits)+1], ' ')
		if strings.TrimLeft(text[:max(end, 0)], " ") == "" {
			end = len(text)
			if next := strings.IndexByte(text[len(fits):], ' '); next >= 0 {
				end = len(fits) + next
			}
		}
		lines = append(lines, indent+shorten(strings.TrimRight(text[:end], " "), width-len(indent), false))
		if text = strings.TrimLeft(text[end:], " "); text == "" {
			return lines
		}
		if width-len(gap)-twwidth.Width(ellipsis) > 1 {
			indent = gap
		}
	}
}

// WrapWords breaks text at spaces into lines of at most width columns. A longer word stays whole: it may be a name or a command to be
// copied.
func WrapWords(text string, width int) []string {
	var lines []string
	for twwidth.Width(text) > width {
		fits := head(text, width)
		end := strings.LastIndexByte(text[:len(fits)+1], ' ')
		if end <= 0 {
			next := strings.IndexByte(text[len(fits):], ' ')
			if next < 0 {
				break
			}
			end = len(fits) + next
		}
		lines = append(lines, strings.TrimRight(text[:end], " "))
		text = strings.TrimLeft(text[end:], " ")
	}
	return append(lines, text)
}
