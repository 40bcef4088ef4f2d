module hotelshop

go 1.24
