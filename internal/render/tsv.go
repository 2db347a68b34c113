package render

import ()

// showTSV prints a view as lines of cells with a tab between them and without headings, as scripts want them. Where several
// sections are printed, each line begins with the section's name; where the section has several tables, next comes the
// title of the table. So the columns of a section are where they are whatever the file holds.
func showTSV(w *printer, v View, several bool) error {
	for i := range v.Tables {
		t := &v.Tables[i]
		prefix := ""
		if several {
			prefix = v.Section + "\t"
		}
		if len(v.Tables) > 1 {
			prefix += t.Title + "\t"
		}
		key := ""
		for row, err := range t.rows() {
			if err != nil {
				return err
			}
			w.write(prefix)
			for c := range t.Columns {
				if c > 0 {
					w.write("\t")
				}
				if c >= len(row) {
					continue
				}
				text := row[c]
				if t.NoHead && c == 0 {
					// In a list of keys and values, a line without a key goes on with the last one.
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
