"""The two functions of the e-commerce example: one takes orders from the API, the other keeps them in CheckoutTable."""
