package render

// showTSV prints a view as lines of tab-separated cells without headings. Each line starts with the given text. Next is the name of the
// section if several sections are printed, and then the title of the table if the section has several tables. So each column of a section
// has the same position for every file.
func showTSV(w *printer, v View, lines string, several bool) error {
	for i := range v.Tables {
		t := &v.Tables[i]
		prefix := lines
		if several {
			prefix += v.section + "\t"
		}
		if len(v.Tables) > 1 {
			prefix += t.title + "\t"
		}
		key := ""
		for row, err := range t.eachRow() {
			if err != nil {
				return err
			}
			w.write(prefix)
			for c := range t.columns {
				if c > 0 {
					w.write("\t")
				}
				if c >= len(row) {
					continue
				}
				text := row[c]
				if t.noHead && c == 0 {
					// In a list of keys and values, a line without a key continues the previous key.
					if text == "" {
						text = key
					}
					key = text
				}
				w.write(Text(text))
			}
			if w.write("\n"); w.err != nil {
				return w.err
			}
		}
	}
	return nil
}
