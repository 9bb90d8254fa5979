"""Facts about ports, products, systems and CaRE, as data, with their pure loader."""
