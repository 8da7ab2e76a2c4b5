package dynamodb

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// Limits of DynamoDB's numbers (developer guide, "Data types"): 38 digits,
// magnitudes from 1E-130 to 9.99…E+125.
const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
)

// decimal is coefficient × 10^exponent, without trailing zeros; zero is 0×10^0.
type decimal struct {
	coefficient *big.Int
	exponent    int
}

var numberPattern = regexp.MustCompile(`^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?$`)

// parseNumber reads a number as a client sends it. Errors never repeat it.
func parseNumber(text string) (decimal, error) {
	m := numberPattern.FindStringSubmatch(text)
	if m == nil || m[2]+m[3] == "" || len(text) > 500 {
		return decimal{}, validation("The parameter cannot be converted to a numeric value")
	}
	exponent, _ := strconv.Atoi(m[4]) // "" is 0
	c, _ := new(big.Int).SetString(m[2]+m[3], 10)
	if m[1] == "-" {
		c.Neg(c)
	}
	return newDecimal(c, exponent-len(m[3]))
}

func newDecimal(c *big.Int, exponent int) (decimal, error) {
	if c.Sign() == 0 {
		return decimal{new(big.Int), 0}, nil
	}
	digits := new(big.Int).Abs(c).String()
	short := strings.TrimRight(digits, "0")
	if cut := len(digits) - len(short); cut > 0 {
		c = new(big.Int).Quo(c, power(cut))
		exponent += cut
	}
	switch magnitude := exponent + len(short) - 1; {
	case len(short) > maxDigits:
		return decimal{}, validation("Attempting to store more than %d significant digits in a Number", maxDigits)
	case magnitude > maxExponent:
		return decimal{}, validation("Number overflow. Attempting to store a number with magnitude larger than supported range")
	case magnitude < minExponent:
		return decimal{}, validation("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	}
	return decimal{c, exponent}, nil
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func (d decimal) add(o decimal) (decimal, error) {
	low := min(d.exponent, o.exponent)
	a := new(big.Int).Mul(d.coefficient, power(d.exponent-low))
	b := new(big.Int).Mul(o.coefficient, power(o.exponent-low))
	return newDecimal(a.Add(a, b), low)
}

func (d decimal) neg() decimal { return decimal{new(big.Int).Neg(d.coefficient), d.exponent} }

// String is the number without exponent, leading or trailing zeros: one text
// for each number, whatever the client wrote.
func (d decimal) String() string {
	digits, sign := new(big.Int).Abs(d.coefficient).String(), ""
	if d.coefficient.Sign() < 0 {
		sign = "-"
	}
	switch point := len(digits) + d.exponent; {
	case d.exponent >= 0:
		return sign + digits + strings.Repeat("0", d.exponent)
	case point > 0:
		return sign + digits[:point] + "." + digits[point:]
	default:
		return sign + "0." + strings.Repeat("0", -point) + digits
	}
}

// order is a text that sorts as the numbers do.
func (d decimal) order() string {
	digits := new(big.Int).Abs(d.coefficient).String()
	magnitude := d.exponent + len(digits) + 500 // always three digits, positive
	switch d.coefficient.Sign() {
	case 0:
		return "1"
	case 1:
		return "2" + fmt.Sprintf("%03d", magnitude) + digits
	}
	// The greater the magnitude of a negative number, the smaller it is; ~
	// comes after every digit, so that -12 sorts before -1.
	turned := []byte(fmt.Sprintf("%03d", magnitude) + digits)
	for i := range turned {
		turned[i] = '9' - turned[i] + '0'
	}
	return "0" + string(turned) + "~"
}

// numberSize is what a number counts for an item's size: a byte, one for each
// two significant digits before the point and for each two behind it, and one
// for the sign. (The developer guide says less; so it was measured, by
// paritysuite/dynamodb-conformance.)
func numberSize(text string) int {
	if text == "0" {
		return 1
	}
	digits, n := strings.TrimPrefix(text, "-"), 1
	if digits != text {
		n++
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	if fraction == "" {
		whole = strings.TrimRight(whole, "0")
	}
	if whole == "0" {
		whole, fraction = "", strings.TrimLeft(fraction, "0")
	}
	return n + (len(whole)+1)/2 + (len(fraction)+1)/2
}
