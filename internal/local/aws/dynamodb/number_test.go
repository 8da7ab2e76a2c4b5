package dynamodb

import "testing"

func TestNumbers(t *testing.T) {
	t.Parallel()
	// In the order of their values; each line's texts are one number.
	lines := [][]string{
		{"-9.9999999999999999999999999999999999999E+125"}, {"-100", "-1e2", "-100.00"}, {"-12"}, {"-2"}, {"-1.5"}, {"-1", "-01", "-1e0"}, {"-0.5"}, {"-1E-130"},
		{"0", "-0", "0.000", "0e5", "00"}, {"1e-130"}, {"0.05", ".05", "5e-2", "5.0E-2"}, {"0.5", "+0.5"}, {"1", "1.", "1.0", "10e-1"},
		{"1.5"}, {"2"}, {"12"}, {"99"}, {"100"}, {"12345678901234567890123456789012345678"}, {"1e125"},
	}
	last := ""
	for _, line := range lines {
		order := ""
		for _, text := range line {
			d, err := parseNumber(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			again, err := parseNumber(d.String())
			if err != nil || again.order() != d.order() || again.String() != d.String() {
				t.Errorf("%s: read back as %s, %v", text, again, err)
			}
			if order != "" && d.order() != order {
				t.Errorf("%s differs from %s", text, line[0])
			}
			order = d.order()
		}
		if order <= last {
			t.Errorf("%s does not sort after what stands before it", line[0])
		}
		last = order
	}
	for _, text := range []string{"", "+", ".", "e5", "1e", "0x1", "1 ", "NaN", "Infinity", "1e99999", "--1"} {
		if _, err := parseNumber(text); err == nil {
			t.Errorf("%q was taken for a number", text)
		}
	}
}

// TestNumberSize has what was measured on AWS (paritysuite/dynamodb-conformance).
func TestNumberSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"0": 1, "-0": 1, "1": 2, "12": 2, "123": 3, "1234": 3, "12345678901234567890123456789012345678": 20, "0042": 2, "100": 2, "1010": 3,
		"0.0000001": 2, "1E125": 2, "1E-100": 2, "1.5": 3, "15": 2, "1.200": 3, "1.234": 4, "3.14159": 5, "123456": 4, "100.5": 4, "0.15": 2, "-42": 3,
	} {
		d, err := parseNumber(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := numberSize(d.String()); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
}
