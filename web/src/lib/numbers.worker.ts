new Intl.NumberFormat()
close()
export {}
